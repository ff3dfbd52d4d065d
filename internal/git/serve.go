package git

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"time"

	aloft "github.com/aloft-dev/aloft"
)

const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"

	// commandRoom is what a push may send besides its pack, in bytes.
	commandRoom = 16 << 20
	// fetchRoom is what a fetch may send, in bytes.
	fetchRoom = 64 << 20
)

var protocolRule = regexp.MustCompile(`^[a-z0-9=:.-]{1,100}$`)

// ServeHTTP serves /<project>.git/ to git clients, and HookPath to the hook.
func (r *Remote) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{})
	control.SetWriteDeadline(time.Time{})
	r.mux.ServeHTTP(w, req)
}

func (r *Remote) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{repository}/info/refs", r.serveRefs)
	mux.HandleFunc("POST /{repository}/git-upload-pack", r.serveUpload)
	mux.HandleFunc("POST /{repository}/git-receive-pack", r.serveReceive)
	mux.HandleFunc("POST "+HookPath, r.serveHook)
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		refuse(w, aloft.Errorf(aloft.CodeNotFound, "there is no repository at %s", req.URL.Path).
			WithHint("a project's address is http://%s/<project>.git", req.Host))
	})
	return mux
}

// open checks a request: the project's name, then the caller. It answers those
// that fail.
func (r *Remote) open(w http.ResponseWriter, req *http.Request) (project, actor string, ok bool) {
	project, cut := strings.CutSuffix(req.PathValue("repository"), suffix)
	err := aloft.ValidateProjectName(project)
	if err == nil && !cut {
		err = aloft.Errorf(aloft.CodeNotFound, "there is no repository at /%s", project).
			WithHint("the address of a project ends in .git: http://%s/%s.git", req.Host, project)
	}
	if err == nil {
		actor, err = r.options.Authorize(req, project)
	}
	if err == nil && r.base.Err() != nil {
		err = aloft.Errorf(aloft.CodeUnavailable, "the server is stopping").WithHint("try again when it is back")
	}
	if err != nil {
		refuse(w, err)
		return "", "", false
	}
	return project, actor, true
}

// serveRefs starts a fetch or a push: it tells which refs there are.
func (r *Remote) serveRefs(w http.ResponseWriter, req *http.Request) {
	project, _, ok := r.open(w, req)
	if !ok {
		return
	}
	service := req.URL.Query().Get("service")
	if service != uploadPack && service != receivePack {
		refuse(w, aloft.Errorf(aloft.CodeInvalid, "only git's smart HTTP protocol is served").WithHint("use git 1.6.6 or later"))
		return
	}
	path, err := r.prepare(req.Context(), project, service)
	var refs bytes.Buffer
	if err == nil {
		refs, err = r.advertise(req, path, service)
	}
	if err != nil {
		r.fail(req.Context(), w, project, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	noCache(w.Header())
	w.Write(refs.Bytes())
}

// prepare returns the path of the project's repository. A push makes it when
// there is none.
func (r *Remote) prepare(ctx context.Context, project, service string) (string, error) {
	path, err := r.repository(project)
	if service == uploadPack || aloft.ErrorCode(err) != aloft.CodeNotFound {
		return path, err
	}
	if r.options.Create != nil {
		if err := r.options.Create(ctx, project); err != nil && aloft.ErrorCode(err) != aloft.CodeConflict {
			return "", err
		}
	}
	if err := r.CreateRepository(ctx, project); err != nil {
		return "", err
	}
	return r.repository(project)
}

func (r *Remote) advertise(req *http.Request, path, service string) (bytes.Buffer, error) {
	var refs bytes.Buffer
	writePacket(&refs, []byte("# service="+service+"\n"))
	writeFlush(&refs)
	stderr := &head{limit: 4096}
	args := []string{strings.TrimPrefix(service, "git-"), "--stateless-rpc", "--advertise-refs", path}
	cmd := r.command(req.Context(), args...)
	cmd.Env = append(cmd.Env, protocol(req)...)
	cmd.Stdout, cmd.Stderr = &refs, stderr
	err := cmd.Start()
	if err == nil {
		err = wait(req.Context(), cmd)
	}
	if err != nil {
		return refs, failure(req.Context(), args, stderr, err)
	}
	return refs, nil
}

func (r *Remote) serveUpload(w http.ResponseWriter, req *http.Request) {
	project, _, ok := r.open(w, req)
	if !ok {
		return
	}
	path, err := r.repository(project)
	if err != nil {
		refuse(w, err)
		return
	}
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	cmd := r.command(ctx, "upload-pack", "--stateless-rpc", path)
	r.converse(ctx, cancel, w, req, conversation{project, uploadPack, cmd, fetchRoom})
}

func (r *Remote) serveReceive(w http.ResponseWriter, req *http.Request) {
	began := time.Now()
	project, actor, ok := r.open(w, req)
	if !ok {
		return
	}
	path, err := r.repository(project)
	if err == nil && r.options.HookURL == "" && req.TLS != nil {
		err = errors.New("git: Options.HookURL is needed where pushes come in over TLS")
	}
	if err != nil {
		r.fail(req.Context(), w, project, err)
		return
	}
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	token := r.sessions.open(&session{project: project, actor: actor, began: began, ctx: ctx})
	defer r.sessions.close(token)
	cmd := r.command(ctx, "receive-pack", "--stateless-rpc", path)
	cmd.Env = append(cmd.Env, hookURLVariable+"="+r.hookURL(req), hookTokenVariable+"="+token)
	r.converse(ctx, cancel, w, req, conversation{project, receivePack, cmd, r.options.MaxPush + commandRoom})
}

// conversation is one POST of a git client, answered by a git process.
type conversation struct {
	project string
	service string
	cmd     *exec.Cmd
	limit   int64 // bytes that the client may send, unpacked
}

// converse connects the client to the process. The answer may begin while the
// client still sends, and every piece of it is sent on at once. When the client
// goes away, cancel ends the process.
func (r *Remote) converse(ctx context.Context, cancel func(), w http.ResponseWriter, req *http.Request, c conversation) {
	if req.Header.Get("Content-Type") != "application/x-"+c.service+"-request" {
		refuse(w, aloft.Errorf(aloft.CodeInvalid, "this is not a request of a git client"))
		return
	}
	body, err := plainBody(req)
	if err != nil {
		refuse(w, err)
		return
	}
	control := http.NewResponseController(w)
	control.EnableFullDuplex() // not needed and not supported over HTTP/2
	stderr := &head{limit: 4096}
	c.cmd.Env = append(c.cmd.Env, protocol(req)...)
	c.cmd.Stderr = stderr
	stdin, stdout, err := start(c.cmd)
	if err != nil {
		r.fail(ctx, w, c.project, fmt.Errorf("cannot run git: %w", err))
		return
	}
	defer context.AfterFunc(ctx, func() { stdout.Close() })()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		source := &source{Reader: io.LimitReader(body, c.limit)}
		io.Copy(stdin, source)
		stdin.Close()
		if _, err := io.Copy(io.Discard, req.Body); err != nil || source.failed {
			cancel()
		}
	}()
	answer := &answer{w: w, control: control, contentType: "application/x-" + c.service + "-result"}
	if _, err := io.Copy(answer, stdout); err != nil {
		cancel()
	}
	err = wait(ctx, c.cmd)
	select {
	case <-sent:
	case <-ctx.Done():
	}
	switch {
	case err == nil || ctx.Err() != nil:
		answer.begin()
	case !answer.begun:
		r.fail(ctx, w, c.project, failure(ctx, []string{c.service}, stderr, err))
	default:
		r.log(c.project, failure(ctx, []string{c.service}, stderr, err))
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
func plainBody(req *http.Request) (io.Reader, error) {
	switch req.Header.Get("Content-Encoding") {
	case "":
		return req.Body, nil
	case "gzip", "x-gzip":
		body, err := gzip.NewReader(req.Body)
		if err != nil {
			return nil, aloft.Errorf(aloft.CodeInvalid, "the request is not packed as it says: %w", err)
		}
		return body, nil
	}
	return nil, aloft.Errorf(aloft.CodeInvalid, "requests packed with %q are not understood", req.Header.Get("Content-Encoding"))
}

// source notes when reading failed other than by ending.
type source struct {
	io.Reader
	failed bool
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.failed = err != nil && err != io.EOF
	return n, err
}

// answer sends every piece of a response on at once.
type answer struct {
	w           http.ResponseWriter
	control     *http.ResponseController
	contentType string
	begun       bool
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

// protocol hands the version of git's protocol on that the client asks for.
func protocol(req *http.Request) []string {
	if value := req.Header.Get("Git-Protocol"); protocolRule.MatchString(value) {
		return []string{"GIT_PROTOCOL=" + value}
	}
	return nil
}

func noCache(header http.Header) {
	header.Set("Expires", "Fri, 01 Jan 1980 00:00:00 GMT")
	header.Set("Pragma", "no-cache")
	header.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
}
