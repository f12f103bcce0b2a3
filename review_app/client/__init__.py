"""A client for scripts: what the server's /openapi.json describes, as methods of Python.

http_client  `Client`: a method for each operation, retries, the queue as an iterator
decision     what is sent: `Decision`        records  what is answered, as frozen records
failures     what stood in the way: `ClientError`
command      `scn-review client ...`

`from review_app.client import Client` imports neither Streamlit nor pandas nor torch.
"""

from review_app.client.decision import Decision
from review_app.client.failures import ClientError
from review_app.client.http_client import Client
from review_app.client.records import Face
from scn_core.records import QueueFilter

__all__ = ["Client", "ClientError", "Decision", "Face", "QueueFilter"]
