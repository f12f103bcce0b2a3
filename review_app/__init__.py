"""The review app: people triage doubtful faces in a browser. Never imports torch.

cli         `python -m review_app ...`                       settings    what the running server was started with
server      Streamlit's pages and our routes on one port     routes      every route of ours, and the way to Streamlit
page_socket the websocket of the pages: for who is signed in
auth        who may come in: guard, login, sessions          http        what routes share: refusals, JSON bodies
hooks       webhooks: posts messages to receivers            hub         many workspaces at one address
api         the grid's routes                                database    worker threads that own a connection
grid_files  the grid's modules, by version                   components  the keyboard grid

app         Streamlit's entry                                views       the pages
state       the address bar as a round and a filter          queries     what pages read, the only cache
commands    what pages write                                 charts      data to figures
theme       colours and fonts of the pages

client           for scripts: the routes as methods of Python
trainer_process  begins a training and looks after its process
low_priority     begins processes that leave the processors to the pages
wal_watch        notices that review.db-wal was deleted
server_lock      one server for a workspace
keeper           what is made anew beside the server, by processes of low priority
order_worker     has the order of the queue learned again as answers come in, and maps drawn
damage_check     has the database checked once, soon after the start
last_copy        makes a backup of a database that was deleted while it is open
dead_trainer     marks a round as failed whose trainer was killed
"""
