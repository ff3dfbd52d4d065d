package blueprint

import (
	"strings"

	"github.com/goccy/go-yaml"
)

// ManifestFile is Aloft's manifest in the root of the repository.
const ManifestFile = "aloft.yaml"

// manifestFile returns aloft.yaml: the names, and what detection cannot know.
func manifestFile(c Choices) (File, error) {
	apps := yaml.MapSlice{}
	for _, a := range c.Apps {
		keys := yaml.MapSlice{}
		if a.Path != "." {
			keys = append(keys, yaml.MapItem{Key: "path", Value: a.Path})
		}
		if a.Runtime == "docker" {
			keys = append(keys, yaml.MapItem{Key: "runtime", Value: "docker"})
		}
		for _, told := range []struct{ key, value string }{{"build", a.Build}, {"start", a.Command}, {"static", a.Static}, {"health", a.Health}} {
			if told.value != "" {
				keys = append(keys, yaml.MapItem{Key: told.key, Value: told.value})
			}
		}
		item := yaml.MapItem{Key: a.Name}
		if len(keys) > 0 {
			item.Value = keys
		}
		apps = append(apps, item)
	}
	document := yaml.MapSlice{
		{Key: "project", Value: c.Name},
		{Key: "engine", Value: EngineCommand(c.Engine)},
		{Key: "apps", Value: apps},
	}
	data, err := yaml.MarshalWithOptions(document, yaml.WithComment(yaml.CommentMap{
		"$.project": {yaml.HeadComment(" What Aloft shall do otherwise than it would by itself; every key is optional.")},
		"$.apps":    {yaml.HeadComment(" The apps by name: those of the output `apps` in terraform/outputs.tf.")},
	}))
	if err != nil {
		return File{}, err
	}
	return File{Path: ManifestFile, Text: strings.ReplaceAll(ended(string(data)), ": null\n", ":\n")}, nil
}

func splitLines(text string) []string { return strings.Split(text, "\n") }

// ended is text with exactly one line break at its end.
func ended(text string) string { return strings.TrimRight(text, "\n") + "\n" }
