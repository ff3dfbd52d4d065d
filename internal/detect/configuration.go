package detect

import (
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

// configuration is what the settings files of a Java framework say.
type configuration struct {
	folder *folder
	files  []configurationFile
}

type configurationFile struct {
	name      string
	text      string   // of a properties file
	documents []*value // of a YAML file
}

// readConfiguration reads the files, of profiles only those of production.
func readConfiguration(f *folder) configuration {
	c := configuration{folder: f}
	for _, place := range []string{"src/main/resources/", "src/main/resources/config/", "config/", ""} {
		for _, name := range []string{
			"application-prod.properties", "application-prod.yml", "application-production.properties", "application-production.yml",
			"application.properties", "application.yml", "application.yaml", "META-INF/microprofile-config.properties",
		} {
			name = place + name
			if !f.has(name) {
				continue
			}
			file := configurationFile{name: name}
			if strings.HasSuffix(name, ".properties") {
				file.text = f.text(name)
			} else {
				file.documents = f.readYAML(name)
			}
			c.files = append(c.files, file)
		}
	}
	return c
}

// get returns the value of the first of the keys that is set plainly: ${NAME:value}
// is value, and what only the environment knows is none.
func (c configuration) get(keys ...string) aloft.Setting {
	for _, key := range keys {
		if s := c.getPlain("%prod." + key); s.Value != "" {
			return s
		}
		if s := c.getPlain(key); s.Value != "" {
			return s
		}
	}
	return aloft.Setting{}
}

func (c configuration) getPlain(key string) aloft.Setting {
	for _, file := range c.files {
		text, line := property(file.text, key)
		for _, document := range file.documents {
			if v := lookup(document, key); v.string() != "" && text == "" && !ofProfile(document) {
				text, line = v.string(), v.at()
			}
		}
		if text = plain(text); text != "" {
			return aloft.Setting{Value: text, Source: c.folder.at(file.name, line, "")}
		}
	}
	return aloft.Setting{}
}

// ofProfile reports whether a document holds for some profiles only.
func ofProfile(document *value) bool {
	return lookup(document, "spring.config.activate.on-profile") != nil || lookup(document, "spring.profiles") != nil
}

// lookup finds a key such as server.port, however its parts are nested.
func lookup(v *value, key string) *value {
	for _, name := range v.names() {
		if name == key {
			return v.get(name)
		}
		if rest, ok := strings.CutPrefix(key, name+"."); ok {
			if found := lookup(v.get(name), rest); found != nil {
				return found
			}
		}
	}
	return nil
}

var withDefault = regexp.MustCompile(`\$\{[^${}:]+:([^${}]*)\}`)

// plain replaces placeholders by their defaults; "" when one has none.
func plain(text string) string {
	text = strings.TrimSpace(withDefault.ReplaceAllString(text, "$1"))
	if strings.Contains(text, "${") {
		return ""
	}
	return text
}
