package azure

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/aloft-dev/aloft"
)

const (
	jobType     = "Microsoft.App/jobs"
	commandTime = time.Hour // that a release command may take; the job itself may have less
)

// checkCommand reports whether there is a job to run release commands in. It
// belongs to Terraform: one made here would be in the way of a destroy.
func (h containerApps) checkCommand(r Request) error {
	if r.text("job") == "" {
		return aloft.Errorf(aloft.CodeInvalid, "cannot run the release command of %s%s: output \"apps\" names no job for it", r.App.Name, r.App.Release.Source).
			WithHint("a job in the container apps' environment runs it inside the network: `aloft upgrade` adds one to an app that has `release`")
	}
	if r.text("registry_server") == "" {
		return aloft.Errorf(aloft.CodeInvalid, "cannot run the release command of %s: output \"apps\" has no registry_server for its image", r.App.Name)
	}
	return nil
}

// job runs commands with an app's image, settings and identity.
type job struct {
	*Target
	Request
	id string
}

type execution struct {
	Name       string `json:"name"`
	Properties struct {
		Status string `json:"status"`
	} `json:"properties"`
}

func (e execution) running() bool {
	return slices.Contains([]string{"running", "processing", "unknown", ""}, strings.ToLower(e.Properties.Status))
}

func (h containerApps) command(ctx context.Context, r Request) error {
	reference, err := h.push(ctx, r)
	if err != nil {
		return err
	}
	id, err := h.jobOf(r)
	if err != nil {
		return err
	}
	j := job{Target: h.Target, Request: r, id: id}
	if err := j.awaitEarlier(ctx); err != nil {
		return err
	}
	r.say("$ %s", r.App.Release)
	started, err := j.start(ctx, reference)
	if err != nil {
		return err
	}
	return j.await(ctx, started)
}

func (h containerApps) jobOf(r Request) (string, error) {
	named := r.text("job")
	if !strings.HasPrefix(named, "/") {
		return h.beside(r, jobType, named)
	}
	parsed, err := arm.ParseResourceID(named)
	if err != nil || !strings.EqualFold(parsed.ResourceType.String(), jobType) {
		return "", aloft.Errorf(aloft.CodeInvalid, "cannot run the release command of %s: %q in output \"apps\" is not the id of a job", r.App.Name, named)
	}
	return parsed.String(), nil
}

func (j job) at(below, doing string) call {
	return call{doing: doing, url: j.id + below, version: containerAppVersion}
}

// awaitEarlier waits for what an interrupted run has started: two release
// commands at a time are none.
func (j job) awaitEarlier(ctx context.Context) error {
	end := j.options.Clock.Now().Add(commandTime)
	for told := false; ; told = true {
		var list struct {
			Value []execution `json:"value"`
		}
		response, err := j.client.send(ctx, j.at("/executions", "list the runs of the job of "+j.App.Name), &list)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list.Value, execution.running)
		if i < 0 {
			return nil
		}
		if !told {
			j.say("an earlier release command is still at work (%s): waiting", list.Value[i].Name)
		}
		if !j.options.Clock.Now().Before(end) {
			return aloft.Errorf(aloft.CodeConflict, "cannot run the release command of %s: an earlier one has not ended (%s)", j.App.Name, list.Value[i].Name)
		}
		if err := j.options.Clock.Sleep(ctx, pauseOf(response)); err != nil {
			return err
		}
	}
}

// start starts the job with the image and the command in the place of its own.
// The template of an execution knows no volumes and no probes, so only what it
// knows is sent.
func (j job) start(ctx context.Context, reference string) (execution, error) {
	var made struct {
		Properties struct {
			Template struct {
				Containers []map[string]any `json:"containers"`
			} `json:"template"`
		} `json:"properties"`
	}
	if err := j.client.readSoon(ctx, j.at("", "read the job of "+j.App.Name), &made); err != nil {
		return execution{}, err
	}
	if len(made.Properties.Template.Containers) == 0 {
		return execution{}, aloft.Errorf(aloft.CodeInvalid, "cannot run the release command of %s: its job has no container", j.App.Name)
	}
	container := map[string]any{"image": reference, "command": j.App.Release.Args[:1], "args": j.App.Release.Args[1:]}
	maps.Copy(container, only(made.Properties.Template.Containers[0], "name", "env", "resources"))
	x := j.at("/start", "start the release command of "+j.App.Name)
	x.method, x.once = http.MethodPost, true
	x.body = map[string]any{"containers": []any{container}}
	var body string
	response, err := j.client.patient(ctx, x, &body, j.say)
	if err != nil {
		return execution{}, err
	}
	var started execution
	if json.Unmarshal([]byte(body), &started) == nil && started.Name != "" {
		return started, nil
	}
	// 202 has no body: the newest execution is ours, since none ran before.
	if err := j.client.follow(x, response, body).wait(ctx); err != nil {
		return execution{}, err
	}
	return j.newest(ctx)
}

func only(from map[string]any, names ...string) map[string]any {
	picked := map[string]any{}
	for _, name := range names {
		if value, ok := from[name]; ok {
			picked[name] = value
		}
	}
	return picked
}

func (j job) newest(ctx context.Context) (execution, error) {
	var list struct {
		Value []execution `json:"value"`
	}
	if _, err := j.client.send(ctx, j.at("/executions", "find the release command of "+j.App.Name), &list); err != nil {
		return execution{}, err
	}
	if len(list.Value) == 0 {
		return execution{}, aloft.Errorf(aloft.CodeFailed, "the release command of %s was started, but Azure shows no run of it", j.App.Name)
	}
	return list.Value[0], nil
}

// await follows an execution to its end; its lines go to the log while it runs,
// since its replicas vanish afterwards.
func (j job) await(ctx context.Context, started execution) error {
	end := j.options.Clock.Now().Add(commandTime)
	var log jobLog
	defer log.close()
	for {
		var seen execution
		err := j.client.readSoon(ctx, j.at("/executions/"+started.Name, "follow the release command of "+j.App.Name), &seen)
		if err != nil {
			return err
		}
		log.open(ctx, j, started.Name)
		if !seen.running() {
			log.finish()
			return j.verdict(seen, log.done != nil)
		}
		if !j.options.Clock.Now().Before(end) {
			return aloft.Errorf(aloft.CodeFailed, "the release command of %s has not ended within %s (%s)", j.App.Name, commandTime, started.Name)
		}
		if err := j.options.Clock.Sleep(ctx, usualPause); err != nil {
			return err
		}
	}
}

func (j job) verdict(ended execution, reads bool) error {
	if strings.EqualFold(ended.Properties.Status, "Succeeded") {
		return nil
	}
	where := "its output is above; nothing was swapped"
	if !reads {
		where = "Azure kept no output of it that can be read at once: Log Analytics has it some minutes later, in ContainerAppConsoleLogs; nothing was swapped"
	}
	return aloft.Errorf(aloft.CodeFailed, "the release command of %s failed: %q ended as %s (%s)%s",
		j.App.Name, j.App.Release, strings.ToLower(ended.Properties.Status), ended.Name, j.App.Release.Source).WithHint("%s", where)
}
