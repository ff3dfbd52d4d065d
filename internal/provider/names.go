package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/aloft-dev/aloft"
)

// parseEnvironment reads the id of an aloft_environment, "project/name".
func parseEnvironment(id string) (aloft.EnvironmentKey, error) {
	project, name, found := strings.Cut(id, "/")
	key := aloft.EnvironmentKey{Project: project, Environment: name}
	if !found || strings.Contains(name, "/") {
		return key, fmt.Errorf("%q is not the id of an aloft_environment: it is project/environment, such as shop/alice", id)
	}
	return key, key.Validate()
}

// parsePart reads the id of a resource in an environment, "project/environment/name".
func parsePart(id string) (key aloft.EnvironmentKey, name string, err error) {
	i := strings.LastIndexByte(id, '/')
	if strings.Count(id, "/") != 2 {
		return key, "", fmt.Errorf("%q is not an id: it is project/environment/name, such as shop/alice/web", id)
	}
	key, err = parseEnvironment(id[:i])
	if err != nil {
		return key, "", err
	}
	return key, id[i+1:], aloft.ValidateAppName(id[i+1:])
}

// keyOf returns the environment that a resource says it is in.
func keyOf(environment types.String) aloft.EnvironmentKey {
	project, name, _ := strings.Cut(environment.ValueString(), "/")
	return aloft.EnvironmentKey{Project: project, Environment: name}
}

// joinID returns the parts as an id, unknown as long as one of them is.
func joinID(parts ...types.String) types.String {
	texts := make([]string, len(parts))
	for i, part := range parts {
		if part.IsUnknown() || part.IsNull() {
			return types.StringUnknown()
		}
		texts[i] = part.ValueString()
	}
	return types.StringValue(strings.Join(texts, "/"))
}

// checkEnvironmentName keeps the branch rule, but speaks of a name without env-.
func checkEnvironmentName(name string) error {
	if aloft.ValidateEnvironmentName(name) == nil {
		return nil
	}
	err := aloft.Errorf(aloft.CodeInvalid,
		"environment name %q is not valid: it takes 1 to %d characters a-z, 0-9 and -, neither starting nor ending with -",
		name, aloft.MaxEnvironmentName)
	if near := aloft.NearestName(name, aloft.MaxEnvironmentName); near != "" {
		return err.WithHint("the nearest valid name is %s", near)
	}
	return err
}

// rule is a validator of strings: check returns why one is not valid.
type rule struct {
	what  string // the rule in words, for the documentation
	check func(string) error
}

func (r rule) Description(context.Context) string         { return r.what }
func (r rule) MarkdownDescription(context.Context) string { return r.what }

// ValidateString checks a known value.
func (r rule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := r.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+lastStep(req.Path), detail(err))
	}
}

var (
	projectRule     = rule{"1 to 40 characters a-z, 0-9 and -, neither starting nor ending with -", aloft.ValidateProjectName}
	environmentRule = rule{"1 to 20 characters a-z, 0-9 and -, neither starting nor ending with -", checkEnvironmentName}
	partRule        = rule{"1 to 30 characters a-z, 0-9 and -, neither starting nor ending with -", aloft.ValidateAppName}
	keyRule         = rule{"the `id` of an `aloft_environment`", func(id string) error { _, err := parseEnvironment(id); return err }}
)
