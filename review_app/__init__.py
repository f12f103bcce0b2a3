"""The review app: people triage doubtful faces in a browser. Never imports torch.

cli         `python -m review_app ...`                        accounts    its command `person`
server      Streamlit's pages and our routes on one port      settings    what the running server was started with
guard       host, origin, headers: before every request       routes      every route of ours, and the way to Streamlit
endpoint    from a request to a function on the database      database    worker threads that own a connection
json_body   strict JSON, checks of fields                     bodies      what the grid sends, as frozen records
auth        sessions behind a cookie                          tokens      signed words: tokens, tickets
passwords   hashes, and how often one may try                 login       pages for signing in and out
secret_key  the workspace's secret                            openid      what signing in by OpenID Connect needs
api         the grid's routes                                 grid_files  the grid's modules, by version
refused     what a route says when it does not

app         Streamlit's entry                                 views       the pages
state       the address bar as a round and a filter           queries     what pages read, the only cache
commands    what pages write                                  charts      data to figures
trainer     the trainer's process: begun, looked after        components  the keyboard grid
theme       colours and fonts of the pages
"""
