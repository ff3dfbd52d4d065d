package blueprint

import (
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/aloft-dev/aloft"
)

// localMain returns terraform/main.tf of an environment on one machine.
func localMain(c Choices) string {
	d := newDocument()
	d.comment("All of an environment on the machine that runs `aloft serve`.")
	d.space()
	d.block("resource", []string{"aloft_environment", "main"},
		attribute{"project", reference("var.project")},
		attribute{"name", reference("var.environment")})
	if c.Database.Kind == PostgreSQL {
		d.space()
		d.block("resource", []string{"aloft_postgresql", "main"},
			attribute{"environment", reference("aloft_environment.main.id")})
	}
	for _, a := range c.Apps {
		d.space()
		attributes := []attribute{{"environment", reference("aloft_environment.main.id")}, {"name", text(a.Name)}}
		if a.Health != "" {
			attributes = append(attributes, attribute{"health_path", text(a.Health)})
		}
		if variables := localVariables(c); len(variables) > 0 {
			attributes = append(attributes, gap(),
				remark("The names that the app's framework reads follow from these."),
				attribute{"variables", object(variables...)})
		}
		d.block("resource", []string{"aloft_app", appModule(a.Name)}, attributes...)
	}
	return d.text()
}

// localVariables are what the local target cannot know by itself; it derives the
// other names of aloft.ServiceVariables from them.
func localVariables(c Choices) []attribute {
	if c.Database.Kind != PostgreSQL {
		return nil
	}
	var list []attribute
	for _, v := range aloft.ServiceVariables(PostgreSQL) {
		if v.Value == "{url}" {
			list = append(list, attribute{v.Name, reference("aloft_postgresql.main.url")})
		}
	}
	return list
}

func localProviders() string {
	d := newDocument()
	d.nested("aloft", "terraform", nil, func(body *hclwrite.Body) {
		body.SetAttributeRaw("required_version", text(">= 1.9"))
		body.AppendNewline()
		body.AppendNewBlock("required_providers", nil).Body().SetAttributeRaw("aloft", fresh(object(
			attribute{"source", text("aloft-dev/aloft")})...))
	})
	return d.text()
}

func localOutputs(c Choices) string {
	d := newDocument()
	apps := make([]attribute, len(c.Apps))
	for i, a := range c.Apps {
		app := "aloft_app." + appModule(a.Name)
		apps[i] = attribute{a.Name, object(
			attribute{"hosting", reference(app + ".hosting")},
			attribute{"name", reference(app + ".name")},
			attribute{"url", reference(app + ".url")},
		)}
	}
	d.comment("What Aloft deploys to, and where the apps answer.")
	d.block("output", []string{"apps"},
		attribute{"description", text("The apps of the environment: their hosting, name and URL.")},
		attribute{"value", object(apps...)})
	return d.text()
}
