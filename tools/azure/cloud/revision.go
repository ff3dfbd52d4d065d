package cloud

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
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
