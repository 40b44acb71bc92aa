"""The steps that make the tables, in two chains. A step that was released is never changed; a new one follows it."""
