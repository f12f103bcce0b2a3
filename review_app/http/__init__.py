"""What all routes share: refusals as 4xx (errors; their codes in error_codes), strict JSON bodies and checks of their
fields (json_body), what proxies say of a request (proxies), Streamlit's first page (first_page), a server
that stops (stopping), and the schemas of bodies (body_schema). Below them, bounds on connections (connections) and the server that has them (bounded_server)."""
