"""Labels out, decisions in.

export            the labels that people decided, as CSV, for other tools, and as folders of pictures, with a manifest
import_decisions  decisions made elsewhere: CSV, edited exports, what Label Studio and FiftyOne export
"""
