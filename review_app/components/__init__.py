"""Components of our own inside Streamlit's pages."""
