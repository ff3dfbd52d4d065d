package terraform

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aloft-dev/aloft"
)

// inherited are the variables of Aloft's own environment that engines see.
var inherited = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "TZ",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
}

// environ returns the allow-listed environment of a child, with set added to it
// and winning over it, sorted.
func environ(set map[string]string) []string {
	all := map[string]string{
		"CHECKPOINT_DISABLE": "1",
		"TF_CLI_CONFIG_FILE": os.DevNull, // nobody's settings: the file has to exist and may be empty
	}
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			all[name] = value
		}
	}
	maps.Copy(all, set)
	list := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}

// variables returns what an engine needs in its environment to run c.
func (e *Engine) variables(c aloft.Configuration) map[string]string {
	set := map[string]string{"TF_DATA_DIR": dataDir(c)}
	for name, value := range c.Vars {
		set["TF_VAR_"+name] = value
	}
	if c.Backend.Type == backendHTTP {
		set["TF_HTTP_ADDRESS"] = c.Backend.Address
		set["TF_HTTP_LOCK_ADDRESS"] = c.Backend.Address
		set["TF_HTTP_UNLOCK_ADDRESS"] = c.Backend.Address
		set["TF_HTTP_LOCK_METHOD"] = "LOCK"
		set["TF_HTTP_UNLOCK_METHOD"] = "UNLOCK"
		set["TF_HTTP_USERNAME"] = c.Backend.Username
		set["TF_HTTP_PASSWORD"] = c.Backend.Password
	}
	if c.Reattach != "" {
		set["TF_REATTACH_PROVIDERS"] = c.Reattach
	}
	if cache := e.pluginCache(); cache != "" {
		set["TF_PLUGIN_CACHE_DIR"] = cache
	}
	maps.Copy(set, c.Env)
	return set
}

// pluginCache returns the folder in which environments share providers, or ""
// when this engine cannot share one safely.
func (e *Engine) pluginCache() string {
	if e.cacheDir == "" || e.Kind != KindTofu || !atLeast(e.Version, sharedPluginCache) {
		return ""
	}
	dir := filepath.Join(e.cacheDir, "plugins")
	if os.MkdirAll(dir, 0o755) != nil {
		return ""
	}
	return dir
}

// dataDir returns the engine's own folder as an absolute path.
func dataDir(c aloft.Configuration) string {
	if c.DataDir == "" {
		return absolute(filepath.Join(c.Dir, ".terraform"))
	}
	return absolute(c.DataDir)
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// reattached returns the sources of the providers that TF_REATTACH_PROVIDERS serves.
func reattached(text string) []string {
	var providers map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &providers) != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(providers))
}
