package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	_ "embed"
)

// PageHeader marks the pages that come from the proxy and not from an app.
const PageHeader = "Aloft-Page"

// The values of PageHeader.
const (
	PageState = "state" // tells how a host is
	PageFile  = "file"  // a static app has no such file
)

// Page tells the state of a host in place of its app. Usual are: building 503
// with RetryAfter and Refresh, unknown 404, destroyed 410, failed 502.
type Page struct {
	Status     int           // HTTP status; 0 = 404
	Title      string        // a few words
	Message    string        // what is the matter, and what to do
	Detail     string        // text of a program, shown as it is
	RetryAfter time.Duration // told to programs, in whole seconds; 0 = not told
	Refresh    bool          // the page loads itself again, after RetryAfter or 2 s
	Link       string        // URL of a page that knows more
}

func unknown(host string) Page {
	return Page{
		Status: http.StatusNotFound, Title: "There is nothing here",
		Message: "No environment answers at " + host + ".",
	}
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// retrySeconds is at least 1, so that nobody is asked to come back at once.
func (p Page) retrySeconds() int {
	return max(1, int(math.Ceil(p.RetryAfter.Seconds())))
}

// RefreshSeconds is for the template: 0 = the page stays.
func (p Page) RefreshSeconds() int {
	switch {
	case !p.Refresh:
		return 0
	case p.RetryAfter == 0:
		return 2
	}
	return p.retrySeconds()
}

// write answers with the page in the form that the client likes best.
func (p Page) write(w http.ResponseWriter, r *http.Request) {
	if p.Status == 0 {
		p.Status = http.StatusNotFound
	}
	form := negotiate(r.Header.Get("Accept"))
	body, err := p.render(form)
	if err != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	header := w.Header()
	if header.Get(PageHeader) == "" {
		header.Set(PageHeader, PageState)
	}
	header.Set("Content-Type", form)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	if p.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(p.retrySeconds()))
	}
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // fails only when the client has gone
	}
}

// The forms of a page.
const (
	formHTML = "text/html; charset=utf-8"
	formJSON = "application/problem+json"
	formText = "text/plain; charset=utf-8"
)

func (p Page) render(form string) ([]byte, error) {
	switch form {
	case formHTML:
		var b bytes.Buffer
		err := pageTemplate.Execute(&b, p)
		return b.Bytes(), err
	case formJSON:
		body, err := json.Marshal(problem{p.Status, p.Title, p.Message, p.Detail, p.Link})
		return append(body, '\n'), err
	default:
		return p.text(), nil
	}
}

// problem is the page as RFC 9457 has it.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	Output string `json:"output,omitempty"`
	Link   string `json:"link,omitempty"`
}

func (p Page) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d %s\n", p.Status, p.Title)
	for _, part := range []string{p.Message, p.Detail, p.Link} {
		if part != "" {
			fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(part, "\n"))
		}
	}
	return b.Bytes()
}

// negotiate picks the form that an Accept header names with the highest
// quality, the first of equals. Who accepts anything reads text.
func negotiate(accept string) string {
	best, form := 0.0, formText
	for entry := range strings.SplitSeq(accept, ",") {
		kind, parameters, _ := strings.Cut(entry, ";")
		known, ok := formOf(strings.ToLower(strings.TrimSpace(kind)))
		if q := quality(parameters); ok && q > best {
			best, form = q, known
		}
	}
	return form
}

func formOf(kind string) (string, bool) {
	switch {
	case kind == "text/html", kind == "application/xhtml+xml":
		return formHTML, true
	case kind == "application/json", strings.HasSuffix(kind, "+json"):
		return formJSON, true
	case kind == "text/plain", kind == "text/*", kind == "*/*":
		return formText, true
	}
	return "", false
}

func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}
