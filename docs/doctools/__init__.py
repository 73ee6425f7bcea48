"""Tools that write the generated parts of these pages and build the site."""
