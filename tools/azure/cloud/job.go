package cloud

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/internal/supervise"
)

const (
	jobKind       = "microsoft.app/jobs"
	executionKind = jobKind + "/executions"
)

// job is what a job has besides its record.
type job struct{ executions []*execution }

// execution is one run of a job. It is guarded by the cloud's lock.
type execution struct {
	name     string
	status   string // Running, Succeeded, Failed or Stopped
	template map[string]any
	started  time.Time
	ended    time.Time
	key      string // for its log, "" = nothing was started
	stop     context.CancelFunc
}

// completeJob checks a job that is being written.
func completeJob(c *Cloud, r *resource) *failure {
	properties := r.properties()
	environment := c.find(text(properties, "environmentId"))
	if environment == nil {
		return notFound("ManagedEnvironmentNotFound", "The Managed Environment '%s' was not found.", text(properties, "environmentId"))
	}
	configuration := grow(properties, "configuration")
	if text(configuration, "triggerType") == "" || number(configuration, "replicaTimeout", 0) <= 0 {
		return badRequest("ContainerAppJobInvalidConfiguration", "triggerType and replicaTimeout of job '%s' are required.", r.name())
	}
	if f := checkSecrets(configuration); f != nil {
		return f
	}
	if len(list(object(properties, "template"), "containers")) == 0 {
		return badRequest("ContainerAppInvalidTemplate", "The template of job '%s' has no container.", r.name())
	}
	if r.state == nil {
		r.state = &job{}
	}
	properties["outboundIpAddresses"], properties["eventStreamEndpoint"] = []any{"20.0.0.1"}, logAddress(r)+"/eventstream"
	return c.claimIdentities(r)
}

// startJob runs a job once. A template in the request goes in the place of the
// job's own (API 2025-07-01: JobExecutionTemplate). The answer is 202 with the
// name of the execution and a Location.
func startJob(q *request) *answer {
	r := q.record()
	if r == nil {
		return q.missing()
	}
	state, _ := r.state.(*job)
	template := copied(object(r.properties(), "template")).(map[string]any)
	if given := list(q.body, "containers"); len(given) > 0 {
		template = overridden(template, q.body)
	}
	c := q.cloud
	ctx, stop := context.WithCancel(c.context)
	one := &execution{name: r.name() + "-" + newID()[:7], status: "Running", template: template, started: time.Now(), stop: stop}
	state.executions = append(state.executions, one)
	configuration := copied(object(r.properties(), "configuration")).(map[string]any)
	id := r.id
	c.goDo(func(context.Context) {
		defer stop()
		status := c.execute(ctx, id, one, configuration)
		c.mu.Lock()
		defer c.mu.Unlock()
		if one.status == "Running" {
			one.status = status
		}
		one.ended = time.Now()
	})
	body := map[string]any{"id": r.id + "/executions/" + one.name, "name": one.name}
	op := &operation{id: newID(), resource: r.id, location: r.location(), writer: "Microsoft.App", started: time.Now(), ended: time.Now(), result: body}
	c.operations[op.id] = op
	return q.accepted(&answer{status: http.StatusAccepted, body: body}, op, location)
}

// overridden puts what an execution's template says over the job's: image,
// command, args, env and resources of each container by name.
func overridden(template, given map[string]any) map[string]any {
	for _, one := range list(given, "containers") {
		container, _ := one.(map[string]any)
		for i, known := range list(template, "containers") {
			own, _ := known.(map[string]any)
			if i == 0 && text(container, "name") == "" || strings.EqualFold(text(own, "name"), text(container, "name")) {
				for name, value := range container {
					own[name] = copied(value)
				}
			}
		}
	}
	return template
}

// execute runs the container of an execution to its end.
func (c *Cloud) execute(ctx context.Context, id string, one *execution, configuration map[string]any) string {
	container, _ := list(one.template, "containers")[0].(map[string]any)
	reference := text(container, "image")
	found, err := c.pull(ctx, reference, c.puller(id, configuration, reference))
	if err != nil {
		c.options.Logger.Warn("execution failed", "execution", one.name, "error", err)
		return "Failed"
	}
	if found.root == "" {
		return "Succeeded"
	}
	temporary, err := os.MkdirTemp(c.options.Dir, "tmp-*")
	if err != nil {
		return "Failed"
	}
	defer os.RemoveAll(temporary)
	p := found.program(words(container, "command"), words(container, "args"))
	p = p.with(c.settings(container, configuration)...).with("CONTAINER_APP_JOB_NAME="+lastPart(id), "CONTAINER_APP_JOB_EXECUTION_NAME="+one.name, "TMPDIR="+temporary)
	timeout := time.Duration(number(configuration, "replicaTimeout", 1800)) * time.Second
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	exit, err := c.runOnce(ctx, one, p)
	if err != nil || exit.Code != 0 {
		return "Failed"
	}
	return "Succeeded"
}

// runOnce runs a program to its end and keeps what it prints.
func (c *Cloud) runOnce(ctx context.Context, one *execution, p program) (supervise.Exit, error) {
	key := c.newKey()
	output := &keptOutput{}
	c.mu.Lock()
	one.key = key.Environment
	c.outputs[key.Environment] = output
	c.mu.Unlock()
	return c.processes.Run(ctx, supervise.Spec{
		Key: key, App: logApp, Process: "job", Instance: 1, Args: p.args, Dir: p.dir, Env: p.variables(),
	}, output)
}

// keptOutput keeps what a program that runs once has printed.
type keptOutput struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps the data.
func (k *keptOutput) Write(data []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.Write(data)
}

// last returns the last lines.
func (k *keptOutput) last(n int) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	lines := strings.Split(strings.TrimSuffix(k.text.String(), "\n"), "\n")
	if n >= 0 && len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return lines
}

// executions answers for the executions of a job: one, all, or the replicas of one.
func executions(q *request) *answer {
	r := q.cloud.find(q.path.id[:strings.Index(strings.ToLower(q.path.id)+"/executions", "/executions")])
	if r == nil {
		return q.missing()
	}
	state, _ := r.state.(*job)
	values := []any{}
	for _, one := range state.executions {
		body := describeExecution(r, one)
		if q.path.last == "" && strings.EqualFold(one.name, q.path.name()) {
			return &answer{status: http.StatusOK, body: body}
		}
		values = append(values, body)
	}
	if q.path.last == "" {
		return notFound("JobExecutionNotFound", "Execution '%s' of job '%s' was not found.", q.path.name(), r.name()).answer()
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
}

func describeExecution(r *resource, one *execution) map[string]any {
	properties := map[string]any{"status": one.status, "startTime": stamp(one.started), "template": copied(one.template)}
	if !one.ended.IsZero() {
		properties["endTime"] = stamp(one.ended)
	}
	return map[string]any{"id": r.id + "/executions/" + one.name, "name": one.name, "type": "Microsoft.App/jobs/executions", "properties": properties}
}

// executionReplicas lists what an execution ran, with the address of its log.
func executionReplicas(q *request) *answer {
	id, rest, _ := strings.Cut(q.path.id, "/executions/")
	r := q.cloud.find(id)
	if r == nil {
		return q.missing()
	}
	wanted, _, _ := strings.Cut(rest, "/")
	state, _ := r.state.(*job)
	for _, one := range state.executions {
		if one.name != wanted {
			continue
		}
		values := []any{}
		if one.key != "" {
			container, _ := list(one.template, "containers")[0].(map[string]any)
			name := one.name + "-" + one.key
			values = append(values, map[string]any{"id": q.path.id, "name": name, "properties": map[string]any{
				"createdTime": stamp(one.started),
				"containers": []any{map[string]any{
					"name":              text(container, "name"),
					"logStreamEndpoint": logAddress(r) + "/executions/" + one.name + "/replicas/" + name + "/containers/" + text(container, "name") + "/logstream",
				}},
			}})
		}
		return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
	}
	return notFound("JobExecutionNotFound", "Execution '%s' of job '%s' was not found.", wanted, r.name()).answer()
}

// stopExecution ends an execution before its time.
func stopExecution(q *request) *answer {
	id, name, _ := strings.Cut(q.path.id, "/executions/")
	r := q.cloud.find(id)
	if r == nil {
		return q.missing()
	}
	state, _ := r.state.(*job)
	for _, one := range state.executions {
		if one.name == name && one.status == "Running" {
			one.status = "Stopped"
			one.stop()
		}
	}
	return &answer{status: http.StatusOK}
}

// removeJob stops what a job runs.
func removeJob(_ *Cloud, r *resource) {
	if state, ok := r.state.(*job); ok {
		for _, one := range state.executions {
			one.stop()
		}
	}
}
