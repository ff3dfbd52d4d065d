package web

import "net/http"

// reference is the page that lists the operations of the API and calls them. The
// script makes it of the API's own description.
func (p *pages) reference(r *http.Request) (view, error) {
	return view{Template: "reference", Script: "reference.js", Title: "The API", Page: p.LoggedIn(r)}, nil
}
