package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aloft-dev/aloft/internal/supervise"
)

// restartSite stops what a site runs and starts what it shall run now: there is
// a gap, as on a machine of App Service. It returns when the app
// answers, or does not.
func (c *Cloud) restartSite(s *site) {
	c.mu.Lock()
	s.turn++
	turn, before := s.turn, s.replica
	if s.stopped || c.context.Err() != nil {
		c.mu.Unlock()
		return
	}
	started := make(chan struct{})
	s.replica, s.started = nil, started
	plan := c.planSite(s)
	c.mu.Unlock()
	if before != nil {
		before.close()
	}
	running, err := c.startPlanned(s, plan)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(started)
	if running != nil {
		s.lastKey = running.key.Environment
	}
	if turn != s.turn || err != nil {
		if running != nil {
			c.work.Go(running.close)
		}
		if err != nil {
			s.problem = err.Error()
			c.options.Logger.Warn("site does not start", "site", s.host(), "error", err)
		}
		return
	}
	s.replica, s.problem = running, ""
}

// plan is what a site shall run: an image, or the command of what was deployed.
type plan struct {
	image   string // reference, "" = code
	puller  string // object id of the identity that pulls it
	content string // folder, "" = nothing was deployed, or nothing that can run here
	command string // of the configuration, "" = the runtime's own
	runtime string // such as "NODE"
	env     []string
}

// planSite reads the configuration of a site. The caller holds the lock.
func (c *Cloud) planSite(s *site) plan {
	web := object(c.setting(s.id, "web").body, "properties")
	runtime, version, _ := strings.Cut(text(web, "linuxFxVersion"), "|")
	p := plan{content: s.content, command: text(web, "appCommandLine"), runtime: strings.ToUpper(runtime)}
	if p.runtime == "DOCKER" {
		p.image = version
		if client := text(web, "acrUserManagedIdentityID"); client != "" && web["acrUseManagedIdentityCreds"] == true {
			if who := c.principals[strings.ToLower(client)]; who != nil {
				p.puller = who.object
			}
		}
	}
	if c.isFunction(s) && p.command == "" {
		p.content = ""
	}
	for name, value := range c.settingsOf(s) {
		if value, ok := value.(string); ok {
			p.env = append(p.env, name+"="+value)
		}
	}
	p.env = append(p.env, "WEBSITE_SITE_NAME="+s.name, "WEBSITE_HOSTNAME="+strings.ToLower(s.host())+siteSuffix, "WEBSITE_INSTANCE_ID="+strings.ReplaceAll(idOf(s.id), "-", ""))
	return p
}

func (c *Cloud) startPlanned(s *site, p plan) (*replica, error) {
	started, err := c.begunSite(p)
	if err != nil {
		return nil, err
	}
	err = started.await(c.context, probe{}, c.expiry())
	if errors.Is(err, errLate) {
		err = fmt.Errorf("container %s didn't respond to HTTP pings on port: %d", s.host(), started.port)
	}
	return started, err
}

func (c *Cloud) begunSite(p plan) (*replica, error) {
	if p.image == "" && p.content == "" {
		return c.startPlaceholder()
	}
	run := program{dir: p.content, env: []string{"PATH=" + os.Getenv("PATH"), "HOME=/tmp"}}
	if p.image != "" {
		found, err := c.pull(c.context, p.image, p.puller)
		if err != nil {
			return nil, fmt.Errorf("image '%s' cannot be pulled: %w", p.image, err)
		}
		if found.root == "" {
			return c.startPlaceholder()
		}
		run = found.program(strings.Fields(p.command), nil)
	} else {
		command := p.command
		if command == "" {
			command = usualCommand(p.runtime, p.content)
		}
		run.args = []string{"sh", "-c", command}
	}
	return c.start(run.with(p.env...), func(e supervise.Event) {
		c.options.Logger.Info("site's process", "state", e.State, "exit", e.Exit.String())
	})
}

// usualCommand is how a built-in image starts what it finds (doc, "Configure a
// Node.js app", "… Java app", "… Python app", "… ASP.NET Core app", all Linux).
func usualCommand(runtime, content string) string {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(content, name))
		return err == nil
	}
	switch runtime {
	case "JAVA":
		return "exec java -Dserver.port=$PORT -jar app.jar"
	case "DOTNETCORE":
		found, _ := filepath.Glob(filepath.Join(content, "*.runtimeconfig.json")) // the pattern is valid
		if len(found) == 1 {
			return "exec dotnet " + strings.TrimSuffix(filepath.Base(found[0]), ".runtimeconfig.json") + ".dll --urls=http://127.0.0.1:$PORT"
		}
	case "PYTHON":
		if has("application.py") {
			return "exec gunicorn --bind=127.0.0.1:$PORT application:app"
		}
		return "exec gunicorn --bind=127.0.0.1:$PORT app:app"
	case "NODE":
		var manifest struct {
			Scripts map[string]string `json:"scripts"`
		}
		if read, err := os.ReadFile(filepath.Join(content, "package.json")); err == nil && json.Unmarshal(read, &manifest) == nil {
			if start := manifest.Scripts["start"]; start != "" {
				return "PATH=$PWD/node_modules/.bin:$PATH; " + start
			}
		}
		for _, name := range []string{"bin/www", "server.js", "app.js", "index.js"} {
			if has(name) {
				return "exec node " + name
			}
		}
	}
	return "echo 'there is nothing to start'; exit 1"
}

// containerLog answers containerlogs: the last lines of what a site printed, as
// text (prov lists the call).
func containerLog(q *request, _ *resource, s *site) *answer {
	key := s.lastKey
	return &answer{then: func() *answer {
		out := &plainLog{}
		if key != "" {
			_ = q.cloud.writeLog(context.Background(), keyOf(key), supervise.LogOptions{Lines: 100}, &logWriter{w: out, plain: true})
		}
		return &answer{status: 200, raw: out.text, header: map[string][]string{"Content-Type": {"application/octet-stream"}}}
	}}
}
