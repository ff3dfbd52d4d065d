package azure_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// containerCloud is an Azure with one container app in the mode Multiple. How a
// revision does depends on the digest of its image.
type containerCloud struct {
	*azureFake
	t         *testing.T
	mode      string
	template  object
	traffic   []any
	latest    string
	order     []string // of revisions
	revisions map[string]*fakeRevision
	takes     time.Duration // of an operation
	expires   bool          // operations fail, as after 15 minutes
	busy      time.Time     // until then an operation is in progress
	pulls     int           // that are refused
	job       []object
	jobEnds   string // status of its execution
	secrets   []any
}

type fakeRevision struct {
	active  bool
	created time.Time
	image   string
	body    object
	asked   bool
}

const placeholder = "mcr.microsoft.com/azurelinux/base/python:3.12"

func newContainerCloud(t *testing.T) *containerCloud {
	c := &containerCloud{azureFake: newAzure(), t: t, mode: "Multiple", revisions: map[string]*fakeRevision{}, takes: 7 * time.Second, jobEnds: "Succeeded"}
	c.template = object{
		"containers": []any{object{"name": "app", "image": placeholder, "command": []any{"python3"}, "env": []any{object{"name": "A", "value": "1"}},
			"probes": []any{object{"type": "Readiness"}}, "volumeMounts": []any{}}},
		"scale": object{"minReplicas": 0.0, "maxReplicas": 10.0},
	}
	c.traffic = []any{object{"latestRevision": true, "weight": 100.0}}
	c.add("ca-shop-alice-web--abc123", c.template)
	c.hosts[manager] = c.manage
	return c
}

func (c *containerCloud) add(name string, template object) {
	first := template["containers"].([]any)[0].(object)
	r := &fakeRevision{active: true, created: c.Now(), image: first["image"].(string), body: maps.Clone(template)}
	c.revisions[name], c.latest = r, name
	c.order = append(c.order, name)
	host := name + ".region.azurecontainerapps.io"
	c.hosts[host] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.answer(r)) }
}

// terraform changes the settings of the app: that makes a revision with the
// image that is there.
func (c *containerCloud) terraform(name string) {
	c.now = c.now.Add(time.Minute)
	c.template = copied(c.template)
	first := c.template["containers"].([]any)[0].(object)
	first["env"] = []any{object{"name": "A", "value": name}}
	c.add("ca-shop-alice-web--"+name, c.template)
}

func copied(from object) object {
	data, _ := json.Marshal(from)
	var to object
	_ = json.Unmarshal(data, &to)
	return to
}

func (c *containerCloud) behaves(r *fakeRevision) string {
	_, digest, _ := strings.Cut(r.image, "@sha256:")
	return digest
}

// answer is the status with which a revision answers.
func (c *containerCloud) answer(r *fakeRevision) int {
	r.asked = true
	switch {
	case !r.active, strings.HasPrefix(c.behaves(r), "crash"):
		return http.StatusNotFound // Azure answers for it
	case strings.HasPrefix(c.behaves(r), "loop"):
		return http.StatusNotFound
	case strings.HasPrefix(c.behaves(r), "sick"):
		return http.StatusInternalServerError
	}
	return http.StatusOK
}

func (c *containerCloud) state(r *fakeRevision) (provisioning, running, failure string) {
	switch age, digest := c.Now().Sub(r.created), c.behaves(r); {
	case !r.active:
		return "Deprovisioned", "Stopped", ""
	case strings.HasPrefix(digest, "crash") && age > 10*time.Second:
		return "Failed", "Failed", "Container 'app' was terminated with exit code '1'"
	case strings.HasPrefix(digest, "loop"):
		return "Provisioned", "Processing", ""
	case strings.HasPrefix(digest, "slow"):
		return "Provisioning", "Processing", ""
	case strings.HasPrefix(digest, "asleep") && !r.asked:
		return "Provisioned", "ScaledToZero", ""
	case strings.HasPrefix(digest, "pull") && c.pulls > 0:
		c.pulls--
		return "Failed", "Failed", "Field 'template.containers.app.image' is invalid: UNAUTHORIZED: authentication required"
	case age < 5*time.Second && digest != "":
		return "Provisioning", "Processing", ""
	}
	return "Provisioned", "Running", ""
}

func (c *containerCloud) show(name string) object {
	r := c.revisions[name]
	provisioning, running, failure := c.state(r)
	return object{"name": name, "properties": object{
		"active": r.active, "createdTime": r.created, "fqdn": name + ".region.azurecontainerapps.io", "template": r.body,
		"provisioningState": provisioning, "runningState": running, "provisioningError": failure,
	}}
}

func (c *containerCloud) serving() string {
	entry := c.traffic[0].(object)
	if entry["latestRevision"] == true {
		return c.latest
	}
	return entry["revisionName"].(string)
}

// serves is the digest that has the traffic.
func (c *containerCloud) serves() string { return c.behaves(c.revisions[c.serving()]) }

func (c *containerCloud) active() (names []string) {
	for _, name := range c.order {
		if c.revisions[name].active {
			names = append(names, c.behaves(c.revisions[name]))
		}
	}
	return names
}

func (c *containerCloud) manage(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if r := c.revisions[c.serving()]; !r.active || strings.HasPrefix(c.behaves(r), "crash") {
			c.t.Errorf("%s has the traffic and does not answer", c.serving())
		}
	}()
	path := strings.TrimPrefix(r.URL.Path, appID)
	_, action, _ := strings.Cut(strings.TrimPrefix(path, "/revisions/"), "/")
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/revisions/"), "/")
	switch {
	case r.URL.Path == "/operation":
		c.operation(w)
	case strings.HasPrefix(r.URL.Path, jobID):
		c.manageJob(w, r)
	case path == "" && r.Method == http.MethodGet:
		reply(w, http.StatusOK, c.app())
	case path == "" && r.Method == http.MethodPatch:
		c.patch(w, r)
	case path == "/listSecrets":
		reply(w, http.StatusOK, object{"value": c.secrets})
	case path == "/getAuthToken":
		reply(w, http.StatusOK, object{"properties": object{"token": "log-token"}})
	case path == "/revisions":
		var list []any
		for _, name := range c.order {
			list = append(list, c.show(name))
		}
		reply(w, http.StatusOK, object{"value": list})
	case c.revisions[name] == nil:
		refuse(http.StatusNotFound, "RevisionNotFound", "no such revision")(w, r)
	case action == "":
		reply(w, http.StatusOK, c.show(name))
	case action == "replicas":
		c.replicas(w, name)
	case c.isBusy():
		refuse(http.StatusConflict, "ContainerAppOperationInProgress", "Cannot modify, an operation is in progress")(w, r)
	case action == "deactivate", action == "activate":
		c.revisions[name].active = action == "activate"
		reply(w, http.StatusOK, nil)
	}
}

func (c *containerCloud) isBusy() bool { return c.Now().Before(c.busy) }

func (c *containerCloud) app() object {
	state := "Succeeded"
	if c.isBusy() {
		state = "InProgress"
	}
	configuration := object{"activeRevisionsMode": c.mode, "ingress": object{"fqdn": "web.example", "targetPort": 8080.0, "external": true, "traffic": c.traffic}}
	if len(c.secrets) > 0 {
		configuration["secrets"] = []any{object{"name": "password"}}
	}
	return object{"name": "ca-shop-alice-web", "properties": object{
		"latestRevisionName": c.latest, "latestReadyRevisionName": c.latest, "provisioningState": state,
		"configuration": configuration, "template": c.template,
	}}
}

func (c *containerCloud) patch(w http.ResponseWriter, r *http.Request) {
	if c.isBusy() {
		refuse(http.StatusConflict, "ContainerAppOperationInProgress", "Cannot modify, an operation is in progress", "Retry-After", "5")(w, r)
		return
	}
	var body struct {
		Properties struct {
			Template      object `json:"template"`
			Configuration struct {
				Ingress object `json:"ingress"`
				Secrets []any  `json:"secrets"`
			} `json:"configuration"`
		} `json:"properties"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		c.t.Error(err)
	}
	if template := body.Properties.Template; template != nil {
		name := "ca-shop-alice-web--" + template["revisionSuffix"].(string)
		if c.revisions[name] != nil {
			refuse(http.StatusBadRequest, "RevisionSuffixInUse", "the revision exists")(w, r)
			return
		}
		c.template = template
		c.add(name, template)
	}
	if ingress := body.Properties.Configuration.Ingress; ingress != nil {
		c.traffic = ingress["traffic"].([]any)
		c.secrets = body.Properties.Configuration.Secrets
	}
	c.busy = c.Now().Add(c.takes)
	reply(w, http.StatusAccepted, nil, "Azure-AsyncOperation", "https://"+manager+"/operation?api-version=1", "Retry-After", "1")
}

func (c *containerCloud) operation(w http.ResponseWriter) {
	if c.isBusy() {
		reply(w, http.StatusOK, object{"status": "InProgress"}, "Retry-After", "1")
		return
	}
	if c.expires {
		reply(w, http.StatusOK, object{"status": "Failed", "error": object{"code": "ContainerAppOperationError", "message": "Failed to provision revision. Operation expired."}})
		return
	}
	reply(w, http.StatusOK, object{"status": "Succeeded"})
}

func (c *containerCloud) replicas(w http.ResponseWriter, name string) {
	restarts := 0.0
	if strings.HasPrefix(c.behaves(c.revisions[name]), "loop") {
		restarts = 4
	}
	c.hosts["log.azurecontainerapps.dev"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer log-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		reply(w, http.StatusOK, "starting\npanic: no database\n")
	}
	reply(w, http.StatusOK, object{"value": []any{object{"name": name + "-x1", "properties": object{"containers": []any{
		object{"name": "app", "ready": false, "restartCount": restarts, "logStreamEndpoint": "https://log.azurecontainerapps.dev/x/logstream"},
	}}}}})
}

func (c *containerCloud) manageJob(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimPrefix(r.URL.Path, jobID); {
	case path == "":
		reply(w, http.StatusOK, object{"properties": object{"template": object{"containers": []any{
			object{"name": "job", "image": placeholder, "env": []any{object{"name": "A", "secretRef": "a"}}, "resources": object{"cpu": 0.5}, "probes": []any{}},
		}}}})
	case path == "/getAuthToken":
		reply(w, http.StatusOK, object{"properties": object{"token": "log-token"}})
	case path == "/start":
		c.job = append(c.job, object{"name": "run-1", "properties": object{"status": "Running"}})
		reply(w, http.StatusOK, object{"name": "run-1"})
	case path == "/executions":
		list := []any{}
		for _, e := range c.job {
			list = append(list, e)
		}
		reply(w, http.StatusOK, object{"value": list})
	case strings.HasSuffix(path, "/replicas"):
		c.hosts["log.azurecontainerapps.dev"] = func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, "migrated 3 tables\n") }
		reply(w, http.StatusOK, object{"value": []any{object{"name": "run-1-x", "properties": object{"containers": []any{
			object{"name": "job", "logStreamEndpoint": "https://log.azurecontainerapps.dev/run/logstream"},
		}}}}})
	default:
		shown := copied(c.job[len(c.job)-1])
		c.job[len(c.job)-1] = object{"name": "run-1", "properties": object{"status": c.jobEnds}}
		reply(w, http.StatusOK, shown)
	}
}
