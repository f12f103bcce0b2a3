"""A client for scripts: what the server's /openapi.json describes, as methods of Python.

http_client  `Client`: a method for each operation, retries, the queue as an iterator
records      what is sent and answered, as frozen records            command  `scn-review client ...`

`from review_app.client import Client` imports neither Streamlit nor pandas nor torch.
"""

from review_app.client.http_client import Client as Client
from review_app.client.http_client import ClientError as ClientError
from review_app.client.records import Decision as Decision
from review_app.client.records import Face as Face
from scn_core.records import QueueFilter as QueueFilter
