package cloud

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// logAddress is where the logs of an app, or of a job, are streamed from: a host
// of the region, not of Resource Manager.
func logAddress(r *resource) string { return "https://" + r.location() + logSuffix + r.id }

// giveLogToken answers getAuthToken: a token for the log stream, of one app.
func giveLogToken(q *request) *answer {
	r := q.record()
	if r == nil {
		return q.missing()
	}
	until := time.Now().Add(time.Hour)
	token := q.cloud.signer.sign(map[string]any{"sub": strings.ToLower(r.id), "aud": "logstream", "exp": until.Unix()})
	return &answer{status: http.StatusOK, body: map[string]any{
		"id": r.id, "name": r.name(), "type": text(r.body, "type"), "location": text(r.body, "location"),
		"properties": map[string]any{"token": token, "expires": stamp(until)},
	}}
}

// replicas lists what runs of a revision, with the address of its log. One that
// has ended by itself is listed too, since Azure starts it again and again.
func replicas(q *request) *answer {
	r, app := q.app()
	if r == nil {
		return q.missing()
	}
	i := len(q.path.names) - 1
	if q.path.last == "" {
		i--
	}
	one := app.revision(q.path.names[max(i, 0)])
	if one == nil {
		return notFound("RevisionNotFound", "The revision was not found.").answer()
	}
	values := []any{}
	if one.lastKey != "" && one.active && one.running != "ScaledToZero" {
		values = append(values, describeReplica(r, one))
	}
	if q.path.last != "" {
		return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
	}
	if len(values) == 0 {
		return notFound("ReplicaNotFound", "The replica was not found.").answer()
	}
	return &answer{status: http.StatusOK, body: values[0]}
}

func describeReplica(r *resource, one *revision) map[string]any {
	name := one.name + "-" + one.lastKey
	id := r.id + "/revisions/" + one.name + "/replicas/" + name
	container := text(one.container(), "name")
	state := "Running"
	if one.replica == nil {
		state = "Waiting"
	}
	return map[string]any{
		"id": id, "name": name, "type": "Microsoft.App/containerapps/revisions/replicas",
		"properties": map[string]any{
			"createdTime": stamp(one.created), "runningState": one.running,
			"containers": []any{map[string]any{
				"name": container, "ready": one.replica != nil, "started": one.replica != nil, "restartCount": one.restarts, "runningState": state,
				"runningStateDetails": one.problem,
				"logStreamEndpoint":   logAddress(r) + "/revisions/" + one.name + "/replicas/" + name + "/containers/" + container + "/logstream",
			}},
		},
	}
}

// streamLog answers a logStreamEndpoint: the last lines, and with follow=true
// what comes then. Lines are JSON unless output=text (az containerapp logs;
// guess, from memory).
func (c *Cloud) streamLog(w http.ResponseWriter, r *http.Request) {
	id, replica, ok := strings.Cut(r.URL.Path, "/replicas/")
	id, _, _ = strings.Cut(id, "/revisions/")
	id, _, _ = strings.Cut(id, "/executions/")
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, err := readToken(token, c.signer.keys())
	if err != nil || claim(claims, "aud") != "logstream" || claim(claims, "sub") != strings.ToLower(id) {
		http.Error(w, "the token is not one of this app's log", http.StatusUnauthorized)
		return
	}
	replica, _, _ = strings.Cut(replica, "/")
	environment := replica[strings.LastIndexByte(replica, '-')+1:]
	if !ok || environment == "" {
		http.NotFound(w, r)
		return
	}
	lines := 20
	if n, err := strconv.Atoi(r.URL.Query().Get("tailLines")); err == nil {
		lines = n
	}
	out := &logWriter{w: w, plain: r.URL.Query().Get("output") == "text"}
	options := supervise.LogOptions{Lines: lines, Follow: r.URL.Query().Get("follow") == "true"}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stop := context.AfterFunc(c.context, cancel)
	defer stop()
	c.mu.Lock()
	kept := c.outputs[environment]
	c.mu.Unlock()
	if kept != nil { // of a job: it has no time of each line
		for _, line := range kept.last(lines) {
			_, _ = out.Write([]byte(stamp(time.Now()) + " job " + line + "\n"))
		}
		return
	}
	if err := c.writeLog(ctx, keyOf(environment), options, out); err != nil {
		c.options.Logger.Info("log ended", "error", err)
	}
}

// keyOf returns the key of a replica by its environment.
func keyOf(environment string) aloft.EnvironmentKey {
	return aloft.EnvironmentKey{Project: "azure", Environment: environment}
}

// logWriter turns lines of supervise ("time process text") into Azure's.
type logWriter struct {
	w     io.Writer
	plain bool
	rest  string
}

// Write takes whole lines and keeps what is none yet.
func (l *logWriter) Write(data []byte) (int, error) {
	l.rest += string(data)
	for {
		line, rest, ok := strings.Cut(l.rest, "\n")
		if !ok {
			break
		}
		l.rest = rest
		if err := l.line(line); err != nil {
			return 0, err
		}
	}
	if out, ok := l.w.(http.ResponseWriter); ok {
		_ = http.NewResponseController(out).Flush() // fails only when the client has gone
	}
	return len(data), nil
}

func (l *logWriter) line(line string) error {
	at, rest, _ := strings.Cut(line, " ")
	process, said, _ := strings.Cut(rest, " ")
	if process == "aloft" {
		return nil // what supervise says, not the app
	}
	if l.plain {
		_, err := io.WriteString(l.w, at+" "+said+"\n")
		return err
	}
	return json.NewEncoder(l.w).Encode(map[string]string{"TimeStamp": at, "Log": said})
}

// plainLog keeps what is written.
type plainLog struct{ text []byte }

// Write keeps the data.
func (p *plainLog) Write(data []byte) (int, error) {
	p.text = append(p.text, data...)
	return len(data), nil
}
