package build

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// passed are the variables that build commands get from the server's
// environment when they are set there: how to reach the network, and where
// toolchains are. Nothing else is passed.
var passed = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO",
	"GOPROXY", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOINSECURE", "GOTOOLCHAIN", "GOVCS",
	"npm_config_registry", "NPM_CONFIG_REGISTRY", "YARN_NPM_REGISTRY_SERVER", "BUN_CONFIG_REGISTRY",
	"PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT",
	"UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_NATIVE_TLS",
	"JAVA_HOME", "GRADLE_OPTS", "DOTNET_ROOT", "RUSTUP_TOOLCHAIN",
}

// managed are the folders of version managers: their programs on the PATH look
// for them below HOME, which build commands have to themselves.
var managed = map[string]string{
	"RUSTUP_HOME":     ".rustup",
	"PYENV_ROOT":      ".pyenv",
	"RBENV_ROOT":      ".rbenv",
	"NODENV_ROOT":     ".nodenv",
	"GOENV_ROOT":      ".goenv",
	"JENV_ROOT":       ".jenv",
	"VOLTA_HOME":      ".volta",
	"SDKMAN_DIR":      ".sdkman",
	"ASDF_DATA_DIR":   ".asdf",
	"MISE_DATA_DIR":   ".local/share/mise",
	"MISE_CONFIG_DIR": ".config/mise",
	"GOENV":           ".config/go/env", // what `go env -w` wrote, such as GOPROXY
}

// caches are the folders of tools below the project's cache.
var caches = map[string]string{
	"HOME":                  "home",
	"GOPATH":                "go",
	"GOCACHE":               "go-build",
	"GOMODCACHE":            "go-mod",
	"npm_config_cache":      "npm",
	"YARN_CACHE_FOLDER":     "yarn",
	"YARN_GLOBAL_FOLDER":    "yarn-global",
	"PNPM_HOME":             "pnpm", // its store is below
	"COREPACK_HOME":         "corepack",
	"BUN_INSTALL_CACHE_DIR": "bun",
	"PIP_CACHE_DIR":         "pip",
	"UV_CACHE_DIR":          "uv",
	"POETRY_CACHE_DIR":      "poetry",
	"MAVEN_USER_HOME":       "maven-wrapper",
	"GRADLE_USER_HOME":      "gradle",
	"CARGO_HOME":            "cargo",
	"NUGET_PACKAGES":        "nuget",
	"DOTNET_CLI_HOME":       "home",
	"COMPOSER_HOME":         "composer",
	"COMPOSER_CACHE_DIR":    "composer/cache",
	"BUNDLE_USER_HOME":      "bundle",
	"GEM_HOME":              "gem",
}

// settings make tools behave in a build that nobody watches: no questions, no
// reports to their makers, dependencies inside the artifact, and no daemons that
// outlive the build.
var settings = map[string]string{
	"LANG":                            "C.UTF-8",
	"CI":                              "true",
	"npm_config_fund":                 "false",
	"npm_config_audit":                "false",
	"npm_config_update_notifier":      "false",
	"COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
	"YARN_ENABLE_TELEMETRY":           "0",
	"NEXT_TELEMETRY_DISABLED":         "1",
	"PIP_DISABLE_PIP_VERSION_CHECK":   "1",
	"POETRY_VIRTUALENVS_IN_PROJECT":   "true",
	"PIPENV_VENV_IN_PROJECT":          "1",
	"BUNDLE_PATH":                     "vendor/bundle",
	"BUNDLE_GLOBAL_GEM_CACHE":         "true",
	"BUNDLE_SILENCE_ROOT_WARNING":     "true",
	"COMPOSER_NO_INTERACTION":         "1",
	"COMPOSER_ALLOW_SUPERUSER":        "1",
	"DOTNET_CLI_TELEMETRY_OPTOUT":     "1",
	"DOTNET_NOLOGO":                   "1",
	"DOTNET_CLI_USE_MSBUILD_SERVER":   "0",
	"MSBUILDDISABLENODEREUSE":         "1",
	"NX_DAEMON":                       "false",
}

// programs are the folders of an app whose programs its commands expect on the
// PATH, as its processes do.
var programs = []string{".aloft/bin", ".aloft/venv/bin", "node_modules/.bin", "vendor/bin"}

// environment makes the whole environment of the build commands, which run in
// dir, and the folders that it names. HOME, caches and temp are the build's own.
func (b *Builder) environment(r Request, dir, temp string) ([]string, error) {
	cache := filepath.Join(b.options.CacheDir, r.Project)
	for _, folder := range []string{temp, filepath.Join(cache, "home")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("cannot make a folder for the build: %w", err)
		}
	}
	values := map[string]string{"PATH": b.options.Path, "TMPDIR": temp}
	for _, folder := range slices.Backward(programs) {
		values["PATH"] = filepath.Join(dir, folder) + string(filepath.ListSeparator) + values["PATH"]
	}
	for name, value := range settings {
		values[name] = value
	}
	for name, folder := range caches {
		values[name] = filepath.Join(cache, folder)
	}
	b.pass(values)
	values["GIT_CEILING_DIRECTORIES"] = b.options.ArtifactDir // artifacts belong to no repository around them
	// Each artifact has a folder of its own: only without its path is what did not
	// change found in Go's cache.
	values["GOFLAGS"] = join("-modcacherw", "-buildvcs=false", "-trimpath", b.options.Environ("GOFLAGS"))
	values["GRADLE_OPTS"] = join(values["GRADLE_OPTS"], "-Dorg.gradle.daemon=false", property("java.io.tmpdir", temp))
	values["MAVEN_OPTS"] = join(b.options.Environ("MAVEN_OPTS"),
		property("java.io.tmpdir", temp), property("maven.repo.local", filepath.Join(cache, "maven")))
	return pairs(values), nil
}

// pass adds what comes from the server's environment.
func (b *Builder) pass(values map[string]string) {
	for _, name := range passed {
		if value := b.options.Environ(name); value != "" {
			values[name] = value
		}
	}
	home := b.options.Environ("HOME")
	for name, folder := range managed {
		value := b.options.Environ(name)
		if value == "" && home != "" {
			value = filepath.Join(home, folder)
		}
		if _, err := os.Stat(value); err == nil {
			values[name] = value
		}
	}
}

// property is an option of Java; "" for a path with blanks, at which it is split.
func property(name, path string) string {
	if strings.ContainsAny(path, " \t") {
		return ""
	}
	return "-D" + name + "=" + path
}

// confinement is what the commands of a build may reach: they write the artifact,
// which is folder, their temporary files and the caches of their project.
func (b *Builder) confinement(r Request, folder, temp string) *aloft.Confinement {
	c := &aloft.Confinement{Write: []string{folder, temp, filepath.Join(b.options.CacheDir, r.Project)}}
	values := map[string]string{}
	b.pass(values)
	for _, value := range values {
		path := strings.TrimPrefix(value, "file://") // certificates, settings and registries of the administrator
		if filepath.IsAbs(path) && filepath.Clean(path) != "/" {
			c.Read = append(c.Read, path)
		}
	}
	return c
}

func join(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(word string) bool { return word == "" }), " ")
}

func pairs(values map[string]string) []string {
	list := make([]string, 0, len(values))
	for name, value := range values {
		if value != "" {
			list = append(list, name+"="+value)
		}
	}
	slices.Sort(list)
	return list
}
