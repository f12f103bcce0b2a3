"""A round trained on a machine that does not share the disk.

archive   zip files with a hash for every member
job       what the trainer needs, packed at home: faces, labels, options
away      the other machine: a workspace made from it, trained, packed again
result    what comes back, and what of it has to hold
since     what people did after a job was packed
home      a result becomes a round in review
"""

from scn_core.rounds.pack.away import run_job as run_job
from scn_core.rounds.pack.home import unpack_result as unpack_result
from scn_core.rounds.pack.job import pack_job as pack_job
