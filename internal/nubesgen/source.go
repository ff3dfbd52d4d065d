package nubesgen

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// FromSource recognises a repository that NubesGen generated, by the
// composition in terraform/ and a trace of its maker there or in the workflow,
// and tells what was chosen. ok is false for any other repository. The error is
// CodeInvalid for one of NubesGen's that cannot be mapped, and wraps the
// Violations; CodeUnavailable when a file cannot be read.
func FromSource(source fs.FS) (_ blueprint.Mapping, ok bool, _ error) {
	r := &repository{files: source}
	root := r.module("terraform/main.tf")
	application, found := root.module("application")
	if r.err != nil || !found || !r.made() {
		return blueprint.Mapping{}, false, r.err
	}
	variables := r.module("terraform/variables.tf")
	asked := request{
		name:        variables.defaultOf("application_name"),
		region:      variables.defaultOf("location"),
		application: r.tier(application),
		runtime:     r.runtime(application),
		database:    r.database(root),
		addOns:      r.addOns(root),
		gitOps:      "true", // whoever comes with a repository knows what is in it
	}
	if _, private := root.module("network"); private {
		asked.network = "VIRTUAL_NETWORK"
	}
	if r.err != nil {
		return blueprint.Mapping{}, false, r.err
	}
	m, err := asked.mapped()
	return m, true, err
}

// repository reads files; what cannot be read is its err.
type repository struct {
	files fs.FS
	err   error
}

// text returns a file; "" = there is none.
func (r *repository) text(name string) string {
	data, err := fs.ReadFile(r.files, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		r.err = cmp.Or(r.err, error(aloft.Errorf(aloft.CodeUnavailable, "cannot read %s: %w", name, err).
			WithHint("it must be a plain file, in a folder of the repository itself")))
	}
	return string(data)
}

// made reports whether a file tells that NubesGen made this.
func (r *repository) made() bool {
	for _, name := range []string{"terraform/main.tf", "terraform/README.md", workflowFile} {
		if strings.Contains(strings.ToLower(r.text(name)), "nubesgen") {
			return true
		}
	}
	return false
}

// terraformFile is the blocks of one file of Terraform.
type terraformFile struct{ blocks hclsyntax.Blocks }

func (r *repository) module(name string) terraformFile {
	file, problems := hclsyntax.ParseConfig([]byte(r.text(name)), name, hcl.InitialPos)
	if problems.HasErrors() {
		r.err = cmp.Or(r.err, error(aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", name, problems)))
		return terraformFile{}
	}
	return terraformFile{file.Body.(*hclsyntax.Body).Blocks}
}

// module returns the folder that a module of the root comes from.
func (f terraformFile) module(name string) (string, bool) {
	for _, b := range f.blocks {
		if b.Type == "module" && len(b.Labels) == 1 && b.Labels[0] == name {
			source := constant(b.Body, "source")
			return path.Base(source), strings.HasPrefix(source, "./modules/")
		}
	}
	return "", false
}

func (f terraformFile) defaultOf(variable string) string {
	for _, b := range f.blocks {
		if b.Type == "variable" && len(b.Labels) == 1 && b.Labels[0] == variable {
			return constant(b.Body, "default")
		}
	}
	return ""
}

// attribute returns the constant that a resource of a kind has.
func (f terraformFile) attribute(resource, name string) string {
	for _, b := range f.blocks {
		if b.Type == "resource" && len(b.Labels) == 2 && b.Labels[0] == resource {
			return constant(b.Body, name)
		}
	}
	return ""
}

// constant returns an attribute that is a constant text; else "".
func constant(body *hclsyntax.Body, name string) string {
	attribute, ok := body.Attributes[name]
	if !ok {
		return ""
	}
	value, problems := attribute.Expr.Value(nil)
	if problems.HasErrors() || value.Type() != cty.String || value.IsNull() {
		return ""
	}
	return value.AsString()
}

// modules are its folders of hostings, and the resource and the
// attribute that tell the tier.
var modules = map[string]struct {
	kind, resource, attribute string
	tiers                     map[string]string
}{
	"app-service":    {appService, "azurerm_service_plan", "sku_name", map[string]string{"F1": "FREE", "B1": "BASIC", "S1": "STANDARD"}},
	"function":       {"FUNCTION", "azurerm_service_plan", "sku_name", map[string]string{"Y1": "CONSUMPTION", "EP1": "PREMIUM"}},
	"container-apps": {"CONTAINER_APPS", "", "", nil},
	"spring-apps":    {"SPRING_APPS", "azurerm_spring_cloud_service", "sku_name", map[string]string{"B0": "BASIC", "S0": "STANDARD"}},
	"spring-cloud":   {"SPRING_APPS", "azurerm_spring_cloud_service", "sku_name", map[string]string{"B0": "BASIC", "S0": "STANDARD"}},

	"mysql":      {"MYSQL", "azurerm_mysql_flexible_server", "sku_name", map[string]string{"B_Standard_B1ms": "BASIC", "GP_Standard_D2ds_v4": "GENERAL_PURPOSE"}},
	"postgresql": {"POSTGRESQL", "azurerm_postgresql_flexible_server", "sku_name", map[string]string{"B_Standard_B1ms": "BASIC", "GP_Standard_D2ds_v4": "GENERAL_PURPOSE"}},
	"sql-server": {"SQL_SERVER", "azurerm_mssql_database", "sku_name", map[string]string{"GP_S_Gen5_1": "SERVERLESS", "GP_Gen5_2": "GENERAL_PURPOSE"}},
}

// workflowFile is NubesGen's workflow.
const workflowFile = ".github/workflows/gitops.yml"

// Writes reports whether NubesGen writes a file of that path.
func Writes(file string) bool {
	folder, name := path.Split(file)
	own := slices.Contains([]string{"main.tf", "variables.tf", "outputs.tf", "README.md", ".gitignore"}, name)
	module, inModule := strings.CutPrefix(strings.TrimSuffix(folder, "/"), "terraform/modules/")
	return file == workflowFile || own && (folder == "terraform/" || inModule && isModule(module))
}

// isModule reports whether NubesGen has a module in a folder of that name.
func isModule(name string) bool {
	_, hosting := modules[name]
	return hosting || name == "network" || name == "virtual-network" ||
		slices.ContainsFunc(addOns, func(k kind) bool { return k.folder() == name })
}

// folder is the name of an add-on's module.
func (k kind) folder() string { return strings.ToLower(strings.ReplaceAll(k.name, "_", "-")) }

// tier reads a module's kind and tier; a size of the user's own is no tier of
// NubesGen's, and told as it is.
func (r *repository) tier(folder string) tier {
	known := modules[folder]
	if known.resource == "" {
		return tier{kind: known.kind}
	}
	size := r.module("terraform/modules/"+folder+"/main.tf").attribute(known.resource, known.attribute)
	return tier{known.kind, cmp.Or(known.tiers[size], size)}
}

func (r *repository) database(root terraformFile) tier {
	folder, found := root.module("database")
	if !found {
		return tier{}
	}
	return r.tier(folder)
}

// addOns are modules by the names of NubesGen's add-ons.
func (r *repository) addOns(root terraformFile) []tier {
	var list []tier
	for _, k := range addOns {
		if _, found := root.module(k.folder()); found {
			list = append(list, tier{kind: k.name})
		}
	}
	return list
}

// traces tell a runtime by a line of the workflow, or of the module of
// the application; the first that is found counts.
var traces = []struct {
	pattern *regexp.Regexp
	runtime string
}{
	{regexp.MustCompile(`docker-quarkus-native`), "QUARKUS_NATIVE"},
	{regexp.MustCompile(`docker-spring`), "DOCKER_SPRING"},
	{regexp.MustCompile(`mvn .*-Dpackaging=docker`), "DOCKER_MICRONAUT"},
	{regexp.MustCompile(`gradle .*dockerBuild`), "DOCKER_MICRONAUT_GRADLE"},
	{regexp.MustCompile(`gradle bootJar`), "SPRING_GRADLE"},
	{regexp.MustCompile(`gradle quarkusBuild`), "QUARKUS"},
	{regexp.MustCompile(`dotnet_version|DOTNET_VERSION`), "DOTNET"},
	{regexp.MustCompile(`node_version|NODEJS_VERSION`), "NODEJS"},
	{regexp.MustCompile(`python_version|PYTHON_VERSION`), "PYTHON"},
	{regexp.MustCompile(`docker_image|gitops-build-and-deploy-to-[a-z-]+-docker`), "DOCKER"},
	{regexp.MustCompile(`(?m)^\s*"?(SPRING_PROFILES_ACTIVE|SPRING_DATASOURCE_URL)`), "SPRING"},
	{regexp.MustCompile(`(?m)^\s*"?QUARKUS_`), "QUARKUS"},
	{regexp.MustCompile(`(?m)^\s*"?MICRONAUT_`), "MICRONAUT"},
	{regexp.MustCompile(`java_version|Java_\d+`), "JAVA"},
}

// runtime tells the runtime; "" = nothing tells it.
func (r *repository) runtime(folder string) string {
	workflow := r.text(workflowFile)
	text := workflow + r.text("terraform/modules/"+folder+"/main.tf")
	for _, trace := range traces {
		if !trace.pattern.MatchString(text) {
			continue
		}
		gradle := trace.runtime + "_GRADLE"
		if _, known := runtimes[gradle]; known && strings.Contains(workflow, "java-gradle") {
			return gradle
		}
		return trace.runtime
	}
	return ""
}
