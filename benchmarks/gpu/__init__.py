"""Everything that has to be measured or proved on a GPU, as one command that fits into minutes.

    python -m benchmarks.gpu OUT [--faces ROOT] [--minutes 8] [--only PART ...] [--dry-run] [--json]

Each part runs in a process of its own, so that one that fails or hangs takes nothing else with it, and its figures are
in OUT/gpu.json as soon as they are known. The parts, in this order:

machine.py      device, driver, versions, measured matrix peak and copy bandwidth
own_tests.py    every test marked `gpu`
whole_round.py  28,000 faces, 60 epochs, and where the time goes
agreement.py    plain, compiled and recorded steps come to the same, and never wait for the device
places.py       the three places of pictures
speed.py        faces a second at 112 and 224 px, and what the options bring
protocol.py     with --faces: the FERPlus protocol
compiled.py     what --compile brings; each takes a minute before its first step

What they share:

plan.py         sizes, and the time that is left
host_time.py    where the time of a round goes on the host
part.py         runs one part
report.py       the tables of a gpu.json
"""
