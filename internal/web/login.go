package web

import (
	"net/http"

	"github.com/aloft-dev/aloft"
)

// login is the page for those who are not logged in.
func login(r *http.Request) view {
	var problem string
	switch r.URL.Query().Get("login") {
	case "expired":
		problem = "That link has been used, or is too old. Ask for a new one."
	case "failed":
		problem = "That is not the token of this server."
	}
	return view{Template: "login", Title: "Log in", Page: problem}
}

// nowhere is the page of a path that does not exist.
func (p *pages) nowhere(r *http.Request) (view, error) {
	return view{}, aloft.Errorf(aloft.CodeNotFound, "there is no page %s", r.URL.Path)
}

// failure is the page of an error.
func (p *pages) failure(err error) view {
	v := view{Template: "failure", Title: "Not found"}
	page := struct{ Heading, Message, Hint string }{"There is nothing here", err.Error(), aloft.ErrorHint(err)}
	switch statusOf(err) {
	case http.StatusNotFound:
	case http.StatusInternalServerError:
		p.Logger.Error("cannot show a page", "error", err)
		v.Title, page.Heading, page.Message, page.Hint = "Error", "Something went wrong inside Aloft", "The server's log tells what.", ""
	default:
		v.Title, page.Heading = "Error", "That did not work"
	}
	v.Page = page
	return v
}

func statusOf(err error) int {
	switch aloft.ErrorCode(err) {
	case aloft.CodeNotFound, aloft.CodeInvalid:
		return http.StatusNotFound
	case aloft.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
