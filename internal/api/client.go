package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// ClientOptions tell a Client where to call.
type ClientOptions struct {
	URL   string // of the server, such as http://localhost:8090
	Token string
	Actor string         // on whose behalf, for the records; may be empty
	Roots *x509.CertPool // whose certificates are trusted; nil = those that the system trusts
	Login string         // the hint when the server does not know the token; "" = the server's own
}

// Client calls the API. Its errors are *aloft.Error with the code and the hint
// of the server; CodeUnavailable when no server answers, CodeCanceled when ctx
// ended. It is safe for concurrent use.
type Client struct {
	ClientOptions
	http *http.Client
}

// NewClient returns a Client. It does not call.
func NewClient(o ClientOptions) *Client {
	o.URL = strings.TrimSuffix(o.URL, "/")
	caller := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if transport, ok := http.DefaultTransport.(*http.Transport); ok && o.Roots != nil {
		transport = transport.Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
		caller.Transport = transport
	}
	return &Client{o, caller}
}

// path joins escaped segments below Base.
func path(segments ...string) string {
	var b strings.Builder
	for _, segment := range segments {
		b.WriteString("/" + url.PathEscape(segment))
	}
	return b.String()
}

func environmentPath(key aloft.EnvironmentKey, more ...string) string {
	return path(append([]string{"projects", key.Project, "environments", key.Environment}, more...)...)
}

func runPath(id int64, more ...string) string {
	return path(append([]string{"runs", strconv.FormatInt(id, 10)}, more...)...)
}

// call sends a request and returns its good answer, to be closed.
func (c *Client) call(ctx context.Context, method, path string, in any) (*http.Response, error) {
	request, err := c.request(ctx, method, path, in)
	if err != nil {
		return nil, err
	}
	return c.do(request)
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, aloft.Errorf(aloft.CodeInternal, "cannot write a request: %w", err)
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL+Base+path, body)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot call the Aloft server: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	if c.Actor != "" {
		request.Header.Set(ActorHeader, cleanActor(c.Actor))
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

func (c *Client) do(request *http.Request) (*http.Response, error) {
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.broken(request.Context(), err)
	}
	if response.StatusCode >= 300 {
		defer response.Body.Close()
		return nil, c.problem(response)
	}
	return response, nil
}

// ask sends a request and decodes the JSON document it is answered with.
func ask[T any](ctx context.Context, c *Client, method, path string, in any) (T, error) {
	var out T
	response, err := c.call(ctx, method, path, in)
	if err != nil {
		return out, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		return out, c.broken(ctx, err)
	}
	return out, nil
}

// tell sends a request that is answered with nothing.
func (c *Client) tell(ctx context.Context, method, path string, in any) error {
	response, err := c.call(ctx, method, path, in)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// read copies an answer to w as it comes. Where the server had to stop it tells why.
func (c *Client) read(ctx context.Context, path string, w io.Writer) error {
	request, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("TE", trailers)
	response, err := c.do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	source := &failing{Reader: response.Body}
	if _, err = io.Copy(w, source); err != nil && source.err != nil {
		return c.broken(ctx, err)
	}
	var stopped Problem
	if told := response.Trailer.Get(problemTrailer); told != "" && json.Unmarshal([]byte(told), &stopped) == nil {
		return stopped.asError()
	}
	return err
}

// failing remembers that it was the reader that failed.
type failing struct {
	io.Reader
	err error
}

// Read reads.
func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// broken explains why there is no answer, or only half of one.
func (c *Client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return aloft.Errorf(aloft.CodeCanceled, "stopped waiting for the Aloft server: %w", ctx.Err())
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return aloft.Errorf(aloft.CodeUnavailable, "no Aloft server answers at %s", c.URL).
			WithHint("start it with: aloft serve")
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return aloft.Errorf(aloft.CodeUnavailable, "the certificate of %s is not trusted: %w", c.URL, err).
			WithHint("if it is from a private authority: aloft login --server %s --ca FILE", c.URL)
	}
	return aloft.Errorf(aloft.CodeUnavailable, "the connection to the Aloft server at %s broke: %w", c.URL, err)
}

// maxProblem is how much of an error is read, in bytes.
const maxProblem = 64 << 10

// problem decodes an answer that is an error.
func (c *Client) problem(response *http.Response) error {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	var p Problem
	if kind == problemType && json.NewDecoder(io.LimitReader(response.Body, maxProblem)).Decode(&p) == nil && p.Detail != "" {
		if response.StatusCode == http.StatusUnauthorized {
			p.Hint = cmp.Or(c.Login, p.Hint)
		}
		return p.asError()
	}
	return aloft.Errorf(codeOfStatus(response.StatusCode), "%s answered %s", c.URL, response.Status).
		WithHint("is it an Aloft server? aloft doctor tells more")
}

func (p Problem) asError() error {
	err := aloft.Errorf(p.Code, "%s", p.Detail)
	err.Hint = p.Hint
	return err
}
