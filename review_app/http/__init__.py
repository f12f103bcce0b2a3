"""What all routes share: refusals as 4xx (errors; their codes in error_codes), strict JSON bodies and checks of their
fields (json_body), what proxies say of a request (proxies), Streamlit's first page (first_page) and
what it asks for late (streamlit_modules), files to be saved (saved_file), a server that stops
(stopping), and the schemas of bodies (body_schema). Around them, an id and a line of the log for each request
(request_log), what the server says, as text or JSON (log), and what it counts (metrics). Below them, bounds on
connections (connections) and the server that has them (bounded_server)."""
