package server

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/manifest"
	"github.com/aloft-dev/aloft/internal/provider"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// targetVariables start the names of the variables through which engines and
// their providers take credentials. Nothing else of Aloft's own environment
// reaches them.
var targetVariables = []string{
	"ARM_", "AZURE_", "AWS_", "GOOGLE_", "CLOUDSDK_", "KUBE_", "KUBECONFIG", "DIGITALOCEAN_", "HCLOUD_", "CLOUDFLARE_", "OCI_", "PG",
}

// TargetEnvironment returns the variables of targetVariables among pairs NAME=VALUE.
func TargetEnvironment(environ []string) map[string]string {
	env := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		for _, prefix := range targetVariables {
			if strings.HasPrefix(name, prefix) {
				env[name] = value
			}
		}
	}
	return env
}

// jobVariables start the names of what targetVariables leaves out: what a person
// or a CI job sets for its own run, on its own machine. A server hands none of it
// to the pushes of others.
var jobVariables = []string{"TF_VAR_", "ACTIONS_ID_TOKEN_REQUEST_"}

// JobEnvironment is TargetEnvironment where no server takes the run. What Aloft
// tells every configuration is never for the environment to say.
func JobEnvironment(environ []string) map[string]string {
	env := TargetEnvironment(environ)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if slices.ContainsFunc(jobVariables, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			env[name] = value
		}
	}
	for name := range run.Variables(aloft.EnvironmentKey{}, "", manifest.EnvironmentSettings{}) {
		delete(env, "TF_VAR_"+name)
	}
	return env
}

// session opens what a run's Terraform talks to: the state, and the provider of
// the local target, both with a token that ends with the run and is good for
// its environment only.
func (s *Server) session(_ context.Context, r aloft.Run, summary aloft.ConfigurationSummary) (run.Session, error) {
	token := s.tokens.Issue(r.EnvironmentKey, r.ID)
	session := run.Session{
		Backend: BackendFor(s.loopbackURL(), token, r.EnvironmentKey, summary),
		Env:     TargetEnvironment(os.Environ()),
		Close:   func() { s.tokens.Revoke(token) },
	}
	// A server that is killed leaves its engines behind: the next one finds them.
	session.Env[supervise.TagVariable] = supervise.EngineTag(tagOf(s.options.Data), r.EnvironmentKey)
	// Served to every run: a state may have what the configuration has no more.
	reattach, stop, err := provider.Serve(provider.Options{
		Client:  api.NewClient(api.ClientOptions{URL: s.loopbackURL(), Token: token}),
		Version: s.options.Version.Version, Server: tagOf(s.options.Data),
		Adopt: true, Destroys: r.Operation == aloft.OperationDestroy,
	})
	if err != nil {
		session.Close()
		return run.Session{}, err
	}
	session.Reattach = reattach
	session.Close = func() {
		stop()
		s.tokens.Revoke(token)
	}
	return session, nil
}

// BackendVariable starts the names of variables that complete the configuration's
// own backend: ALOFT_BACKEND_STORAGE_ACCOUNT_NAME is its storage_account_name.
const BackendVariable = "ALOFT_BACKEND_"

// BackendSettings returns the settings of the backend that the environment names.
func BackendSettings(environ []string) map[string]string {
	settings := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if setting, ok := strings.CutPrefix(name, BackendVariable); ok && setting != "" && value != "" {
			settings[strings.ToLower(setting)] = value
		}
	}
	return settings
}

// BackendFor returns where an environment's state is: with the server, or
// where the configuration says, under the environment's own key.
func BackendFor(server, token string, key aloft.EnvironmentKey, summary aloft.ConfigurationSummary) aloft.Backend {
	config := BackendSettings(os.Environ())
	switch summary.Backend {
	case "", "local", "http":
		return aloft.Backend{
			Type: "http", Address: server + "/state/" + key.String(), Username: "aloft", Password: token,
		}
	case "azurerm", "s3", "oss", "cos":
		config["key"] = stateKey(config["key"], key)
	case "gcs":
		config["prefix"] = key.String()
	case "pg":
		config["schema_name"] = strings.ReplaceAll(key.Project+"_"+key.Environment, "-", "_")
	}
	return aloft.Backend{Type: summary.Backend, Config: config}
}

// EnvironmentPart stands for the environment's name in ALOFT_BACKEND_KEY.
const EnvironmentPart = "{environment}"

// stateKey is the environment's key, or the given pattern filled in: where states
// have other names, as NubesGen's have.
func stateKey(pattern string, key aloft.EnvironmentKey) string {
	if !strings.Contains(pattern, EnvironmentPart) {
		return key.StateKey()
	}
	return strings.NewReplacer(EnvironmentPart, key.Environment, "{project}", key.Project).Replace(pattern)
}
