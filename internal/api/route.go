package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// access tells who may call an operation.
type access string

const (
	ofAdmin       access = "admin"       // the server's token, a logged-in browser
	ofEnvironment access = "environment" // and the runs of the environment in the path
)

// Media types of the answers that are not JSON documents.
const (
	plainText   = "text/plain"
	jsonLines   = "application/x-ndjson"
	eventStream = "text/event-stream"
	stateJSON   = "application/json"
	gzipFile    = "application/gzip"
)

// route is an operation of the API: where it is, who may call it, what it does.
type route struct {
	method, path string
	access       access
	id, summary  string
	produces     string // media type of an answer that is written by hand; "" = JSON
	register     func(*Server, huma.API, huma.Operation)
}

const (
	oneProject     = "/projects/{project}"
	oneEnvironment = oneProject + "/environments/{environment}"
	oneRun         = "/runs/{run}"
	local          = oneEnvironment + "/local"
)

// routes is the whole API, below Base.
var routes = []route{
	{"GET", "/version", ofAdmin, "version", "Tell the version of the server", "", endpoint((*Server).version)},
	{"GET", "/events", ofAdmin, "events", "Follow the changes of environments and runs", eventStream, endpoint((*Server).events)},
	{"GET", "/backup", ofAdmin, "backup", "Read all that the server keeps, as one file that holds its key", gzipFile, endpoint((*Server).backup)},
	{"POST", "/logins", ofAdmin, "create-login", "Make a link that logs in a browser, once", "", endpoint((*Server).createLogin)},

	{"GET", "/projects", ofAdmin, "list-projects", "List the projects", "", endpoint((*Server).listProjects)},
	{"POST", "/projects", ofAdmin, "create-project", "Create a project", "", endpoint((*Server).createProject)},
	{"GET", oneProject, ofAdmin, "get-project", "Show a project", "", endpoint((*Server).getProject)},
	{"DELETE", oneProject, ofAdmin, "delete-project", "Delete a project without environments", "", endpoint((*Server).deleteProject)},

	{"GET", "/environments", ofAdmin, "list-environments", "List the environments", "", endpoint((*Server).listEnvironments)},
	{"GET", "/environments/unrecorded", ofAdmin, "list-unrecorded", "List the environments that repositories tell of and the records do not", "", endpoint((*Server).listUnrecorded)},
	{"GET", oneEnvironment, ofAdmin, "get-environment", "Show an environment", "", endpoint((*Server).getEnvironment)},
	{"PATCH", oneEnvironment, ofAdmin, "set-ttl", "Change how long an environment lives", "", endpoint((*Server).setTTL)},
	{"DELETE", oneEnvironment, ofAdmin, "destroy-environment", "Destroy an environment", "", endpoint((*Server).destroyEnvironment)},
	{"POST", oneEnvironment + "/rollback", ofAdmin, "rollback", "Deploy an earlier release again", "", endpoint((*Server).rollback)},
	{"POST", oneEnvironment + "/runs", ofAdmin, "create-run", "Go to a commit that was pushed before, or plan it", "", endpoint((*Server).createRun)},
	{"POST", oneEnvironment + "/accept", ofAdmin, "accept-environment", "Take what is there as right, after disk, records and state have disagreed", "", endpoint((*Server).acceptEnvironment)},
	{"GET", oneEnvironment + "/holdings", ofAdmin, "get-holdings", "Tell what the local target holds of an environment, whatever Terraform knows of it", "", endpoint((*Server).getHoldings)},
	{"POST", oneEnvironment + "/retry", ofAdmin, "retry", "Repeat the last run", "", endpoint((*Server).retry)},
	{"GET", oneEnvironment + "/logs", ofAdmin, "app-logs", "Read what the apps wrote", plainText, endpoint((*Server).appLogs)},
	{"POST", oneEnvironment + "/run", ofAdmin, "run-command", "Run a command in an app", jsonLines, endpoint((*Server).runCommand)},

	{"GET", oneEnvironment + "/states", ofAdmin, "list-states", "List the versions of the Terraform state", "", endpoint((*Server).listStates)},
	{"GET", oneEnvironment + "/states-aside", ofAdmin, "list-states-aside", "List the versions of the Terraform state that were deleted or refused", "", endpoint((*Server).listStatesAside)},
	{"GET", oneEnvironment + "/state-lock", ofAdmin, "get-state-lock", "Tell who holds the lock of the Terraform state", "", endpoint((*Server).getStateLock)},
	{"GET", oneEnvironment + "/states/{version}", ofAdmin, "get-state", "Read a version of the Terraform state; 0 is the newest", stateJSON, endpoint((*Server).getState)},
	{"POST", oneEnvironment + "/states/{version}/restore", ofAdmin, "restore-state", "Make an earlier Terraform state the newest", "", endpoint((*Server).restoreState)},

	{"GET", "/runs", ofAdmin, "list-runs", "List the runs, newest first", "", endpoint((*Server).listRuns)},
	{"GET", oneRun, ofAdmin, "get-run", "Show a run and its steps", "", endpoint((*Server).getRun)},
	{"GET", oneRun + "/log", ofAdmin, "run-log", "Read the log of a run", plainText, endpoint((*Server).runLog)},
	{"GET", oneRun + "/plan", ofAdmin, "run-plan", "Show what a run would change", "", endpoint((*Server).runPlan)},
	{"GET", oneRun + "/trace", ofAdmin, "run-trace", "Show where the time of a run went", "", endpoint((*Server).runTrace)},
	{"POST", oneRun + "/cancel", ofAdmin, "cancel-run", "Cancel a run", "", endpoint((*Server).cancelRun)},
	{"POST", oneRun + "/approve", ofAdmin, "approve-run", "Approve the plan a run waits with", "", endpoint((*Server).approveRun)},

	{"PUT", local + "/group", ofEnvironment, "put-group", "Make the local group of an environment", "", endpoint((*Server).putGroup)},
	{"GET", local + "/group", ofEnvironment, "get-group", "Show the local group of an environment", "", endpoint((*Server).getGroup)},
	{"DELETE", local + "/group", ofEnvironment, "delete-group", "Remove the local group", "", endpoint((*Server).deleteGroup)},
	{"PUT", local + "/apps/{app}", ofEnvironment, "put-slot", "Make or change the slot of an app", "", endpoint((*Server).putSlot)},
	{"GET", local + "/apps/{app}", ofEnvironment, "get-slot", "Show the slot of an app", "", endpoint((*Server).getSlot)},
	{"DELETE", local + "/apps/{app}", ofEnvironment, "delete-slot", "Remove the slot of an app", "", endpoint((*Server).deleteSlot)},
	{"PUT", local + "/databases/{name}", ofEnvironment, "put-database", "Make a PostgreSQL database", "", endpoint((*Server).putDatabase)},
	{"GET", local + "/databases/{name}", ofEnvironment, "get-database", "Show a PostgreSQL database", "", endpoint((*Server).getDatabase)},
	{"DELETE", local + "/databases/{name}", ofEnvironment, "delete-database", "Drop a PostgreSQL database", "", endpoint((*Server).deleteDatabase)},
}

// endpoint binds a method to a route: its input comes from the path, the query and
// the JSON body, its output is the answer.
func endpoint[I, O any](method func(*Server, context.Context, *I) (*O, error)) func(*Server, huma.API, huma.Operation) {
	return func(s *Server, api huma.API, op huma.Operation) {
		huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
			out, err := method(s, ctx, in)
			if err != nil {
				return nil, s.problemFor(err)
			}
			return out, nil
		})
	}
}

// register adds every route to the API.
func (s *Server) register(api huma.API) {
	for _, r := range routes {
		op := huma.Operation{
			Method: r.method, Path: r.path, OperationID: r.id, Summary: r.summary,
			Tags:        []string{r.tag()},
			Extensions:  map[string]any{"x-access": string(r.access)},
			Middlewares: huma.Middlewares{s.admit(r.access)},
			// huma's own limit goes on after the body and would end a stream. Who
			// serves the API limits how long a body may take.
			BodyReadTimeout: -1,
		}
		if r.produces != "" {
			op.Responses = map[string]*huma.Response{"200": {
				Content: map[string]*huma.MediaType{r.produces: {Schema: &huma.Schema{Type: huma.TypeString}}},
			}}
		}
		r.register(s, api, op)
	}
	describeGenerator(api.OpenAPI())
}

// tag groups the operations in the description: by the part of the path that
// names what they are about.
func (r route) tag() string {
	if strings.HasPrefix(r.path, local) {
		return "local target"
	}
	if strings.HasPrefix(r.path, oneEnvironment) {
		return "environments"
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/"), "/")
	switch first {
	case "projects", "environments", "runs":
		return first
	}
	return "server"
}

// ServeHTTP answers /healthz, /login, /logout, everything below Base and
// GeneratePath, and the archives that ServesArchive tells of.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
