package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
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
	if aloft.ErrorCode(err) != aloft.CodeNotFound {
		return path, err
	}
	if r.options.Lost != nil {
		if lost := r.options.Lost(ctx, project); lost != nil {
			return "", lost
		}
	}
	if service == uploadPack {
		return "", err
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
	body, ok := r.body(w, req, uploadPack)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	cmd := r.command(ctx, "upload-pack", "--stateless-rpc", path)
	cmd.Env = append(cmd.Env, protocol(req)...)
	r.converse(ctx, cancel, w, conversation{project, uploadPack, cmd, body, io.LimitReader(body, fetchRoom), copyAll})
}

func copyAll(w io.Writer, answer io.Reader) error {
	_, err := io.Copy(w, answer)
	return err
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
	body, ok := r.body(w, req, receivePack)
	if !ok {
		return
	}
	asked, err := readCommands(body, r.options.MaxRefs)
	if err != nil {
		r.fail(req.Context(), w, project, err)
		return
	}
	if err := r.admit(req.Context(), aloft.Push{Project: project, Actor: actor, Options: asked.options, ReceivedAt: began}, asked); err != nil {
		io.Copy(io.Discard, body) // the client reads no answer before it has sent all
		newAnswer(w, receivePack).Write(asked.refusal(err))
		return
	}
	defer r.quarantines.enter(path)()
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	token := r.sessions.open(&session{project: project, actor: actor, began: began, ctx: ctx})
	defer r.sessions.close(token)
	cmd := r.command(ctx, "receive-pack", "--stateless-rpc", path)
	cmd.Env = append(cmd.Env, hookURLVariable+"="+r.hookURL(req), hookTokenVariable+"="+token)
	cmd.Env = append(cmd.Env, protocol(req)...)
	c := conversation{project, receivePack, cmd, body, io.MultiReader(&asked.raw, io.LimitReader(body, r.options.MaxPush+commandRoom)), nil}
	c.relay = func(w io.Writer, answer io.Reader) error { return newRelay(w, r.options.explain).copy(answer) }
	r.converse(ctx, cancel, w, c)
}

// admit looks at all that a push asks for before anything of it is carried out.
func (r *Remote) admit(ctx context.Context, push aloft.Push, asked *commands) error {
	if len(asked.refs) > r.options.MaxRefs {
		return r.options.errPushRefs(len(asked.refs))
	}
	if err := asked.divisible(); err != nil {
		return err
	}
	push.Updates = asked.updates
	err := r.options.Receiver.Admit(ctx, push)
	if _, told := statuses[aloft.ErrorCode(err)]; err != nil && !told {
		r.log(push.Project, err)
		return errors.New("the server failed; its log says why")
	}
	return err
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
