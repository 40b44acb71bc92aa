"""The page: a chat in the browser, of plain files. `app.js` is the file to read first, `page.py` serves them."""
