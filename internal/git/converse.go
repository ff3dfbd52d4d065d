package git

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	aloft "github.com/aloft-dev/aloft"
)

// body returns the body of a git client's request, unpacked. It answers a
// request that is none.
func (r *Remote) body(w http.ResponseWriter, req *http.Request, service string) (*source, bool) {
	if req.Header.Get("Content-Type") != "application/x-"+service+"-request" {
		refuse(w, aloft.Errorf(aloft.CodeInvalid, "this is not a request of a git client"))
		return nil, false
	}
	body, err := plainBody(req.Header.Get("Content-Encoding"), &patient{req.Body, http.NewResponseController(w), r.options.MaxSilence})
	if err != nil {
		refuse(w, err)
		return nil, false
	}
	return &source{Reader: body}, true
}

// sentGrace is how long the end of a client's sending is waited for once its
// conversation is over.
const sentGrace = time.Second

// conversation is one POST of a git client, answered by a git process.
type conversation struct {
	project string
	service string
	cmd     *exec.Cmd
	body    *source   // all that the client sends
	stdin   io.Reader // the part of it that the process gets
	relay   func(w io.Writer, answer io.Reader) error
}

// converse connects the client to the process. The answer may begin while the
// client still sends, and every piece of it is sent on at once. When the client
// goes away, cancel ends the process.
func (r *Remote) converse(ctx context.Context, cancel func(), w http.ResponseWriter, c conversation) {
	stderr := &head{limit: 4096}
	c.cmd.Stderr = stderr
	stdin, stdout, err := start(c.cmd)
	if err != nil {
		r.fail(ctx, w, c.project, fmt.Errorf("cannot run git: %w", err))
		return
	}
	defer context.AfterFunc(ctx, func() { stdout.Close() })()
	answer := newAnswer(w, c.service)
	sent, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(sent)
		defer stdin.Close()
		if io.Copy(stdin, c.stdin); c.body.err == nil {
			stdin.Close()
			io.Copy(io.Discard, c.body)
		}
		if c.body.err != nil {
			failed <- c.body.err
			cancel()
		}
	}()
	if err := c.relay(answer, stdout); err != nil {
		cancel()
	}
	err = wait(ctx, c.cmd)
	select {
	case <-sent:
	case <-ctx.Done():
		select { // what ended ctx may be what ends the client's sending, a moment later
		case <-sent:
		case <-time.After(sentGrace):
		}
	}
	if r.silent(failed) && !answer.begun {
		w.Header().Set("Connection", "close")
		refuse(w, aloft.Errorf(aloft.CodeInvalid, "the client sent nothing for %s", r.options.MaxSilence).WithHint("push again"))
		return
	}
	switch {
	case err == nil:
		answer.begin()
	case ctx.Err() != nil:
		// An answer that ends in good order, but too early, makes a git client wait
		// for ever.
		panic(http.ErrAbortHandler)
	case !answer.begun:
		r.fail(ctx, w, c.project, failure(ctx, []string{c.service}, stderr, err))
	default:
		r.log(c.project, failure(ctx, []string{c.service}, stderr, err))
	}
}

// silent reports whether the client kept the server waiting for too long.
func (r *Remote) silent(failed <-chan error) bool {
	select {
	case err := <-failed:
		return errors.Is(err, os.ErrDeadlineExceeded)
	default:
		return false
	}
}

func start(cmd *exec.Cmd) (stdin io.WriteCloser, stdout io.ReadCloser, err error) {
	if stdin, err = cmd.StdinPipe(); err != nil {
		return nil, nil, err
	}
	if stdout, err = cmd.StdoutPipe(); err != nil {
		return nil, nil, err
	}
	return stdin, stdout, cmd.Start()
}

// plainBody returns the body of a request as it was before the client packed it.
func plainBody(encoding string, packed io.Reader) (io.Reader, error) {
	switch encoding {
	case "":
		return packed, nil
	case "gzip", "x-gzip":
		body, err := gzip.NewReader(packed)
		if err != nil {
			return nil, aloft.Errorf(aloft.CodeInvalid, "the request is not packed as it says: %w", err)
		}
		return body, nil
	}
	return nil, aloft.Errorf(aloft.CodeInvalid, "requests packed with %q are not understood", encoding)
}

// source notes why reading failed other than by ending.
type source struct {
	io.Reader
	err error
}

// Read reads on, unless it failed before.
func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.Reader.Read(p)
	if err != io.EOF {
		s.err = err
	}
	return n, err
}

// patient bounds how long one read waits for the client.
type patient struct {
	io.Reader
	control *http.ResponseController
	silence time.Duration
}

// Read waits for the client as long as it is allowed to be silent.
func (p *patient) Read(b []byte) (int, error) {
	p.control.SetReadDeadline(time.Now().Add(p.silence))
	n, err := p.Reader.Read(b)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		p.control.SetReadDeadline(time.Time{}) // a run may take its time
	}
	return n, err
}

// answer sends every piece of a response on at once.
type answer struct {
	w           http.ResponseWriter
	control     *http.ResponseController
	contentType string
	begun       bool
}

// newAnswer makes an answer that may begin before the request has ended. Whoever
// makes one must read the request to its end.
func newAnswer(w http.ResponseWriter, service string) *answer {
	control := http.NewResponseController(w)
	control.EnableFullDuplex() // not needed and not supported over HTTP/2
	return &answer{w: w, control: control, contentType: "application/x-" + service + "-result"}
}

func (a *answer) begin() {
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", a.contentType)
		noCache(a.w.Header())
		a.w.WriteHeader(http.StatusOK)
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.begin()
	n, err := a.w.Write(p)
	if err != nil {
		return n, err
	}
	return n, a.control.Flush()
}
