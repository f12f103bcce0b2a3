"""Components of our own inside Streamlit's pages.

review_grid  the keyboard grid                  face_map  the map of the page Explore
loader.js    what Streamlit is given of both: it loads their modules
"""
