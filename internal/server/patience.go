package server

import (
	"io"
	"net/http"
	"time"
)

// Limits of what a client may hold on to.
const (
	headerTime  = 20 * time.Second // for the head of a request to arrive
	bodyTime    = 30 * time.Second // for the next piece of a body, on the server's own routes
	idleTime    = 2 * time.Minute  // between requests of a connection
	headerBytes = 64 << 10         // of the head of a request
)

// patient ends requests whose body does not go on arriving within limit.
func patient(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &timedBody{r.Body, http.NewResponseController(w), limit}
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody is a body of which every piece must arrive in time.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
	limit   time.Duration
}

// Read reads the next piece. The deadline is lifted afterwards: the connection
// is read on, to learn when a client goes away.
func (b *timedBody) Read(p []byte) (int, error) {
	if err := b.control.SetReadDeadline(time.Now().Add(b.limit)); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	if lifted := b.control.SetReadDeadline(time.Time{}); err == nil {
		err = lifted
	}
	return n, err
}
