"""Labels out, decisions and opinions in.

export            the labels that people decided, as CSV, for other tools, and as folders of pictures, with a manifest
import_decisions  decisions made elsewhere: CSV, edited exports, what Label Studio and FiftyOne export
opinions          what other models say of the faces: CSV, NPZ, a classifier in an ONNX file
"""
