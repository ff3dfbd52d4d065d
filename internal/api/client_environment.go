package api

import (
	"context"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/aloft-dev/aloft"
)

// ServerVersion returns the version of the server.
func (c *Client) ServerVersion(ctx context.Context) (Version, error) {
	return ask[Version](ctx, c, "GET", "/version", nil)
}

// LoginURL returns a new link that logs in a browser, once.
func (c *Client) LoginURL(ctx context.Context) (string, error) {
	login, err := ask[Login](ctx, c, "POST", "/logins", nil)
	if err != nil {
		return "", err
	}
	return c.URL + login.Path, nil
}

// Projects lists the projects.
func (c *Client) Projects(ctx context.Context) ([]aloft.Project, error) {
	return ask[[]aloft.Project](ctx, c, "GET", "/projects", nil)
}

// Project returns a project.
func (c *Client) Project(ctx context.Context, name string) (aloft.Project, error) {
	return ask[aloft.Project](ctx, c, "GET", path("projects", name), nil)
}

// CreateProject creates a project.
func (c *Client) CreateProject(ctx context.Context, name string) (aloft.Project, error) {
	return ask[aloft.Project](ctx, c, "POST", "/projects", projectBody{name})
}

// DeleteProject deletes a project that has no environments.
func (c *Client) DeleteProject(ctx context.Context, name string) error {
	return c.tell(ctx, "DELETE", path("projects", name), nil)
}

// Environments lists environments.
func (c *Client) Environments(ctx context.Context, filter aloft.EnvironmentFilter) ([]aloft.Environment, error) {
	query := url.Values{}
	if filter.Project != "" {
		query.Set("project", filter.Project)
	}
	if filter.Destroyed {
		query.Set("destroyed", "true")
	}
	return ask[[]aloft.Environment](ctx, c, "GET", "/environments?"+query.Encode(), nil)
}

// UnrecordedEnvironments lists the environments that repositories tell of and the
// records do not: those are older, or were lost.
func (c *Client) UnrecordedEnvironments(ctx context.Context) ([]aloft.EnvironmentKey, error) {
	return ask[[]aloft.EnvironmentKey](ctx, c, "GET", "/environments/unrecorded", nil)
}

// Environment returns an environment with its releases, processes and last runs.
func (c *Client) Environment(ctx context.Context, key aloft.EnvironmentKey) (EnvironmentDetails, error) {
	return ask[EnvironmentDetails](ctx, c, "GET", environmentPath(key), nil)
}

// Holdings tells what the local target holds of an environment, whatever Terraform
// knows of it.
func (c *Client) Holdings(ctx context.Context, key aloft.EnvironmentKey) (Holdings, error) {
	return ask[Holdings](ctx, c, "GET", environmentPath(key, "holdings"), nil)
}

// DestroyEnvironment asks for the end of an environment and returns the run that
// brings it. With force it removes also what Terraform refuses to destroy.
func (c *Client) DestroyEnvironment(ctx context.Context, key aloft.EnvironmentKey, force bool) (aloft.Run, error) {
	path := environmentPath(key)
	if force {
		path += "?force=true"
	}
	return ask[aloft.Run](ctx, c, "DELETE", path, nil)
}

// AcceptEnvironment takes what is there of an environment as right, although disk,
// records and state disagree, and returns how it is then.
func (c *Client) AcceptEnvironment(ctx context.Context, key aloft.EnvironmentKey) (aloft.Environment, error) {
	return ask[aloft.Environment](ctx, c, "POST", environmentPath(key, "accept"), nil)
}

// Rollback asks for an earlier release and returns the run that brings it.
func (c *Client) Rollback(ctx context.Context, key aloft.EnvironmentKey, to RollbackRequest) (aloft.Run, error) {
	return ask[aloft.Run](ctx, c, "POST", environmentPath(key, "rollback"), to)
}

// CreateRun asks for a run to a commit that the server has, and returns it.
func (c *Client) CreateRun(ctx context.Context, key aloft.EnvironmentKey, request RunRequest) (aloft.Run, error) {
	return ask[aloft.Run](ctx, c, "POST", environmentPath(key, "runs"), request)
}

// Retry repeats the last run of an environment and returns the new one.
func (c *Client) Retry(ctx context.Context, key aloft.EnvironmentKey) (aloft.Run, error) {
	return ask[aloft.Run](ctx, c, "POST", environmentPath(key, "retry"), nil)
}

// SetTTL makes an environment expire after ttl from now on; 0 = never.
func (c *Client) SetTTL(ctx context.Context, key aloft.EnvironmentKey, ttl time.Duration) (aloft.Environment, error) {
	text := "never"
	if ttl != 0 {
		text = ttl.String()
	}
	return ask[aloft.Environment](ctx, c, "PATCH", environmentPath(key), map[string]string{"ttl": text})
}

// Logs writes the last lines of an app ("" = of all), then, with follow, what
// comes until ctx ends.
func (c *Client) Logs(ctx context.Context, key aloft.EnvironmentKey, app string, lines int, follow bool, w io.Writer) error {
	query := url.Values{"lines": {strconv.Itoa(lines)}, "follow": {strconv.FormatBool(follow)}}
	if app != "" {
		query.Set("app", app)
	}
	return c.read(ctx, environmentPath(key, "logs")+"?"+query.Encode(), w)
}

// RunCommand runs a command in an app ("" = the only one), writes its output to
// w and returns its exit code.
func (c *Client) RunCommand(ctx context.Context, key aloft.EnvironmentKey, app string, args []string, w io.Writer) (int, error) {
	in := map[string]any{"args": args}
	if app != "" {
		in["app"] = app
	}
	response, err := c.call(ctx, "POST", environmentPath(key, "run"), in)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	lines := json.NewDecoder(response.Body)
	for {
		var piece CommandPiece
		if err := lines.Decode(&piece); err != nil {
			return 0, c.broken(ctx, err)
		}
		switch {
		case piece.Exit != nil:
			return *piece.Exit, nil
		case piece.Error != nil:
			return 0, piece.Error.asError()
		}
		if _, err := io.WriteString(w, piece.Output); err != nil {
			return 0, err
		}
	}
}
