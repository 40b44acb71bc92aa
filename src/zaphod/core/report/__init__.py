"""Pages and pictures of results, for whoever they are forwarded to; knows words, numbers and pixels, no subject.

Read `page.py` for documents, `chart.py` and `bars.py` for pictures, `picture.py` for what a picture is made of.
"""
