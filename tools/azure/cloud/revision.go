package cloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/internal/supervise"
)

// revision is one of a container app. All but its name and template is guarded
// by the cloud's lock.
type revision struct {
	name     string
	app      *containerApp
	template map[string]any
	created  time.Time

	active       bool
	ready        bool // it has passed its probes once
	provisioning string
	running      string
	problem      string
	restarts     int
	replica      *replica // nil = it does not run
	lastKey      string   // of the replica that ran last, for its log

	waking sync.Mutex // one start at a time
}

func (app *containerApp) add(c *Cloud, r *resource, suffix string, template map[string]any) *revision {
	if suffix == "" {
		suffix = idOf(r.id + strconv.Itoa(c.number()))[:7]
	} else {
		app.used[suffix] = true
	}
	made := &revision{
		name: r.name() + "--" + suffix, app: app, template: copied(template).(map[string]any), created: time.Now(),
		active: true, provisioning: "Provisioning", running: "Processing",
	}
	app.revisions = append(app.revisions, made)
	r.properties()["latestRevisionName"] = made.name
	if fqdn := text(object(object(r.properties(), "configuration"), "ingress"), "fqdn"); fqdn != "" {
		r.properties()["latestRevisionFqdn"] = made.host(fqdn)
	}
	return made
}

// host returns the host name of the revision alone, from that of its app.
func (rev *revision) host(fqdn string) string {
	_, domain, _ := strings.Cut(fqdn, ".")
	return rev.name + "." + domain
}

// minimum returns how many replicas there are at least.
func (rev *revision) minimum() int { return number(object(rev.template, "scale"), "minReplicas", 0) }

// container returns the first container, the only one that is run here.
func (rev *revision) container() map[string]any {
	first, _ := list(rev.template, "containers")[0].(map[string]any)
	return first
}

// launch brings a revision up and makes it the one that serves. When the image
// cannot be had, or the probes do not pass, the operation stays open and ends
// "Operation expired" (issues azure-dev#7529, azure-container-apps#646), while
// the revision tells its problem at once. When the container ends by itself the
// operation succeeds all the same (issue azure-cli-extensions#6251).
func (c *Cloud) launch(ctx context.Context, id string, rev *revision) *failure {
	deadline := time.Now().Add(c.expiry())
	if c.sleepsAtFirst(rev) {
		return c.settled(id)
	}
	for {
		_, err := c.awake(ctx, rev)
		if err == nil {
			return c.settled(id)
		}
		c.fail(rev, err)
		if errors.Is(err, errExited) {
			return c.settled(id)
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return &failure{status: http.StatusOK, code: "ContainerAppOperationError", message: "Failed to provision revision for container app '" + lastPart(id) + "'. Error details: Operation expired."}
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// sleepsAtFirst lets a revision that may scale to zero begin asleep, when the
// faults say so.
func (c *Cloud) sleepsAtFirst(rev *revision) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.faults.Asleep || rev.minimum() > 0 {
		return false
	}
	rev.ready, rev.provisioning, rev.running = true, "Provisioned", "ScaledToZero"
	return true
}

func (c *Cloud) fail(rev *revision, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rev.provisioning, rev.running, rev.problem = "Failed", "Failed", err.Error()
	if errors.Is(err, errExited) {
		rev.running = "ActivationFailed"
	}
	c.options.Logger.Warn("revision failed", "revision", rev.name, "error", err)
}

func (c *Cloud) settled(id string) *failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.find(id); r != nil {
		c.settle(r)
	}
	return nil
}

// settle makes the record tell which revision serves, and ends those that the
// mode does not keep. The caller holds the lock.
func (c *Cloud) settle(r *resource) {
	app := r.state.(*containerApp)
	configuration := object(r.properties(), "configuration")
	latest := app.latestReady()
	if latest != nil {
		r.properties()["latestReadyRevisionName"] = latest.name
	}
	if !strings.EqualFold(text(configuration, "activeRevisionsMode"), "Single") || latest == nil {
		return
	}
	for _, one := range app.revisions {
		if one == latest {
			break // what is newer has not been ready yet
		}
		c.retire(one)
	}
	app.forget(number(configuration, "maxInactiveRevisions", 100))
}

// forget drops the oldest of the inactive revisions that are too many.
func (app *containerApp) forget(most int) {
	inactive := 0
	for i := len(app.revisions) - 1; i >= 0; i-- {
		if app.revisions[i].active {
			continue
		}
		if inactive++; inactive > most {
			app.revisions = append(app.revisions[:i], app.revisions[i+1:]...)
		}
	}
}

// retire deactivates a revision and stops what it runs. The caller holds the lock.
func (c *Cloud) retire(rev *revision) {
	running := rev.replica
	rev.active, rev.replica = false, nil
	rev.provisioning, rev.running = "Deprovisioned", "Stopped"
	if running != nil {
		c.work.Go(running.close)
	}
}

// awake returns the running replica of a revision, which it starts when there
// is none.
func (c *Cloud) awake(ctx context.Context, rev *revision) (*replica, error) {
	rev.waking.Lock()
	defer rev.waking.Unlock()
	c.mu.Lock()
	running, active, r := rev.replica, rev.active, c.find(rev.app.id)
	var configuration map[string]any
	if r != nil {
		configuration = copied(object(r.properties(), "configuration")).(map[string]any)
	}
	c.mu.Unlock()
	if !active || r == nil {
		return nil, errors.New("the revision is not active")
	}
	if running != nil {
		return running, nil
	}
	started, err := c.bringUp(ctx, rev, configuration)
	if err != nil {
		return nil, err
	}
	err = started.await(ctx, readiness(rev.container(), configuration), c.expiry())
	c.mu.Lock()
	defer c.mu.Unlock()
	rev.lastKey = started.key.Environment
	if err != nil || !rev.active {
		c.work.Go(started.close)
		if err == nil {
			err = errors.New("the revision is not active")
		}
		return nil, err
	}
	rev.replica, rev.ready, rev.problem = started, true, ""
	rev.provisioning, rev.running = "Provisioned", "Running"
	return started, nil
}

// readiness returns the probe by which a container says that requests may come:
// its readiness probe, its startup probe, or that its port is open.
func readiness(container, configuration map[string]any) probe {
	found := probe{}
	for _, one := range list(container, "probes") {
		p, _ := one.(map[string]any)
		get, ok := p["httpGet"].(map[string]any)
		if ok && (strings.EqualFold(text(p, "type"), "Readiness") || found.path == "" && strings.EqualFold(text(p, "type"), "Startup")) {
			found.path = "/" + strings.TrimPrefix(text(get, "path"), "/")
		}
	}
	return found
}

// bringUp starts the container of a revision.
func (c *Cloud) bringUp(ctx context.Context, rev *revision, configuration map[string]any) (*replica, error) {
	container := rev.container()
	reference := text(container, "image")
	found, err := c.pull(ctx, reference, c.puller(rev.app.id, configuration, reference))
	if err != nil {
		return nil, errors.New("image '" + reference + "' cannot be pulled: " + err.Error())
	}
	if found.root == "" {
		return c.startPlaceholder()
	}
	p := found.program(words(container, "command"), words(container, "args"))
	p = p.with(c.settings(container, configuration)...)
	p = p.with("CONTAINER_APP_NAME="+lastPart(rev.app.id), "CONTAINER_APP_REVISION="+rev.name)
	return c.start(p, func(e supervise.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		rev.restarts = e.Restarts
		if e.State == supervise.StateBackingOff && rev.ready {
			rev.running, rev.problem = "Degraded", e.Exit.String()
		} else if rev.ready && rev.active {
			rev.running = "Running"
		}
	})
}

// puller returns the object id of the identity that an app pulls an image with,
// "" when it has none for that registry.
func (c *Cloud) puller(app string, configuration map[string]any, reference string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range list(configuration, "registries") {
		registry, _ := one.(map[string]any)
		if !strings.HasPrefix(reference, text(registry, "server")+"/") {
			continue
		}
		identity := text(registry, "identity")
		if strings.EqualFold(identity, "system") {
			identity = app
		}
		if p := c.identity(identity); p != nil {
			return p.object
		}
	}
	return ""
}

// settings returns the variables of a container, secrets filled in.
func (c *Cloud) settings(container, configuration map[string]any) []string {
	secrets := map[string]string{}
	for _, one := range list(configuration, "secrets") {
		secret, _ := one.(map[string]any)
		value := text(secret, "value")
		if address := text(secret, "keyVaultUrl"); address != "" {
			value = c.secretAt(address)
		}
		secrets[text(secret, "name")] = value
	}
	var all []string
	for _, one := range list(container, "env") {
		variable, _ := one.(map[string]any)
		value := text(variable, "value")
		if reference := text(variable, "secretRef"); reference != "" {
			value = secrets[reference]
		}
		all = append(all, text(variable, "name")+"="+value)
	}
	return all
}

// secretAt reads a secret of a vault, which a host of the test's own may serve;
// "" when it cannot be had.
func (c *Cloud) secretAt(address string) string {
	text, err := c.inside(c.context, address+"?api-version=7.4")
	if err != nil {
		return ""
	}
	return string(text)
}

func words(body map[string]any, name string) []string {
	var all []string
	for _, one := range list(body, name) {
		if word, ok := one.(string); ok {
			all = append(all, word)
		}
	}
	return all
}

// revisions answers for the revisions of an app, one or all, newest last.
func revisions(q *request) *answer {
	r, app := q.app()
	if r == nil {
		return q.missing()
	}
	if q.path.last == "" {
		one := app.revision(q.path.name())
		if one == nil {
			return notFound("RevisionNotFound", "Revision '%s' of container app '%s' was not found.", q.path.name(), r.name()).answer()
		}
		return &answer{status: http.StatusOK, body: q.revision(r, one)}
	}
	all := q.URL.Query().Get("$filter")
	all, _ = url.QueryUnescape(all)
	values := []any{}
	for _, one := range app.revisions {
		if one.active || all == "" {
			values = append(values, q.revision(r, one))
		}
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
}

// app returns the app that a request below it is about.
func (q *request) app() (*resource, *containerApp) {
	id := q.path.id
	if i := strings.Index(strings.ToLower(id), "/revisions"); i > 0 {
		id = id[:i]
	}
	r := q.cloud.find(id)
	if r == nil {
		return nil, nil
	}
	app, _ := r.state.(*containerApp)
	if app == nil {
		return nil, nil
	}
	return r, app
}

func (q *request) revision(r *resource, one *revision) map[string]any {
	health, replicas := "None", 0
	switch {
	case one.replica != nil:
		health, replicas = "Healthy", max(one.minimum(), 1)
	case one.provisioning == "Failed":
		health = "Unhealthy"
	}
	properties := map[string]any{
		"active": one.active, "createdTime": stamp(one.created), "template": copied(one.template), "healthState": health,
		"provisioningState": one.provisioning, "runningState": one.running, "replicas": replicas,
		"trafficWeight": r.state.(*containerApp).weight(r, one),
	}
	if one.problem != "" {
		properties["provisioningError"] = one.problem
	}
	if fqdn := text(object(object(r.properties(), "configuration"), "ingress"), "fqdn"); fqdn != "" {
		properties["fqdn"] = one.host(fqdn)
	}
	return map[string]any{"id": r.id + "/revisions/" + one.name, "name": one.name, "type": "Microsoft.App/containerapps/revisions", "properties": properties}
}

// weight returns the share of the traffic that a revision gets.
func (app *containerApp) weight(r *resource, one *revision) int {
	ingress := object(object(r.properties(), "configuration"), "ingress")
	sum := 0
	for _, entry := range list(ingress, "traffic") {
		weight, _ := entry.(map[string]any)
		latest, _ := weight["latestRevision"].(bool)
		if latest && app.latestReady() == one || strings.EqualFold(text(weight, "revisionName"), one.name) {
			sum += number(weight, "weight", 0)
		}
	}
	return sum
}

// activate starts a revision that is inactive. In Single mode only one is active
// (doc, "Revision modes"; the refusal is a guess).
func activate(q *request) *answer {
	return q.change(func(r *resource, one *revision) *failure {
		if strings.EqualFold(text(object(r.properties(), "configuration"), "activeRevisionsMode"), "Single") && !one.active {
			return badRequest("RevisionActivationNotAllowed", "Revision '%s' cannot be activated in Single revision mode.", one.name)
		}
		if one.active {
			return nil
		}
		one.active, one.provisioning, one.running = true, "Provisioning", "Processing"
		q.cloud.goDo(func(ctx context.Context) { q.cloud.launch(ctx, r.id, one) })
		return nil
	})
}

// deactivate stops a revision for good, unless all the traffic goes there.
func deactivate(q *request) *answer {
	return q.change(func(_ *resource, one *revision) *failure {
		q.cloud.retire(one)
		return nil
	})
}

// restart begins anew with the replicas of a revision.
func restart(q *request) *answer {
	return q.change(func(_ *resource, one *revision) *failure {
		if one.replica != nil {
			q.cloud.work.Go(one.replica.close)
			one.replica = nil
		}
		return nil
	})
}

func (q *request) change(do func(*resource, *revision) *failure) *answer {
	r, app := q.app()
	if r == nil {
		return q.missing()
	}
	one := app.revision(q.path.name())
	if one == nil {
		return notFound("RevisionNotFound", "Revision '%s' of container app '%s' was not found.", q.path.name(), r.name()).answer()
	}
	if f := do(r, one); f != nil {
		return f.answer()
	}
	return &answer{status: http.StatusOK}
}
