-- Whether what a folder brings itself (.rummy/) may be used; NULL: nobody has said.
ALTER TABLE projects ADD COLUMN trusted INTEGER CHECK (trusted IN (0, 1));
