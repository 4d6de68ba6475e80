"""How we answer: page or fragment, access, errors, headers, forms.  Knows no subject."""
