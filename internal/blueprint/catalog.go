package blueprint

import "slices"

// Option is one value of a choice.
type Option struct {
	Value  string `json:"value"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"` // what a newcomer should know, one sentence
	Cost   Cost   `json:"cost,omitempty"`   // of what has a price
}

// Cost is a class of price: what the smallest one costs a month when it runs
// all the time, in round figures.
type Cost string

// The classes of cost.
const (
	CostFree   Cost = "free"
	CostUsage  Cost = "by use"    // next to nothing when idle
	CostLow    Cost = "low"       // up to 30 USD a month
	CostMedium Cost = "medium"    // up to 150 USD a month
	CostHigh   Cost = "high"      // up to 600 USD a month
	CostTop    Cost = "very high" // above that
)

// The targets.
const (
	TargetAzure = "azure"
	TargetLocal = "local"
)

// Targets lists where environments can be made.
func Targets() []Option {
	return []Option{
		{Value: TargetAzure, Title: "Azure", Detail: "Microsoft's cloud; needs a subscription."},
		{Value: TargetLocal, Title: "Local", Detail: "One machine that runs `aloft serve`; needs no account."},
	}
}

// Engines lists what can run the Terraform files.
func Engines() []Option {
	return []Option{
		{Value: "opentofu", Title: "OpenTofu", Detail: "Open source; Aloft gets it by itself."},
		{Value: "terraform", Title: "Terraform", Detail: "HashiCorp's; 1.11 or later."},
	}
}

// The networks.
const (
	NetworkPublic  = "public"
	NetworkPrivate = "private"
)

// Networks lists how services can be closed.
func Networks() []Option {
	return []Option{
		{Value: NetworkPublic, Title: "Public", Detail: "Services keep public addresses that admit the apps' subnet and nobody else; databases have private ones. No extra cost."},
		{Value: NetworkPrivate, Title: "Private", Detail: "Every service has a private endpoint in the virtual network and no public door."},
	}
}

// runtimeKind is a runtime and what can be done with it.
type runtimeKind struct {
	Option
	versions []string // the first is the default; none = not chosen here
	java     bool     // built by Maven or Gradle
	stack    string   // what a web app brings for it; "" = only an image will do
	function string   // worker of Functions; "" = none
	frontend bool     // may be files that a static web app serves
	port     int      // what its container listens on by custom
}

var javaVersions = []string{"21", "25", "17"}

// runtimeKinds are the runtimes, in the order in which they are offered. The
// versions are those that are maintained in November 2026 and, where a host brings
// them, that Azure runs. Images take others as well: see App.hostBrings.
var runtimeKinds = []runtimeKind{
	{Option: Option{Value: "docker", Title: "Docker", Detail: "A Dockerfile builds the image."}, port: 8080},
	{Option: Option{Value: "spring-boot", Title: "Spring Boot"}, versions: javaVersions, java: true, stack: "java", function: "java", port: 8080},
	{Option: Option{Value: "quarkus", Title: "Quarkus"}, versions: javaVersions, java: true, stack: "java", function: "java", port: 8080},
	{Option: Option{Value: "quarkus-native", Title: "Quarkus, native", Detail: "Compiled ahead of time: starts in milliseconds, and needs no Java."}, versions: javaVersions, java: true, function: "custom", port: 8080},
	{Option: Option{Value: "micronaut", Title: "Micronaut"}, versions: javaVersions, java: true, stack: "java", function: "java", port: 8080},
	{Option: Option{Value: "java", Title: "Java", Detail: "Any other executable jar."}, versions: javaVersions, java: true, stack: "java", function: "java", port: 8080},
	{Option: Option{Value: "dotnet", Title: ".NET"}, versions: []string{"10.0"}, stack: "dotnet", function: "dotnet", port: 8080},
	{Option: Option{Value: "node", Title: "Node.js"}, versions: []string{"24", "22"}, stack: "node", function: "node", frontend: true, port: 8080},
	{Option: Option{Value: "python", Title: "Python"}, versions: []string{"3.13", "3.14", "3.12", "3.11"}, stack: "python", function: "python", port: 8000},
	{Option: Option{Value: "php", Title: "PHP"}, versions: []string{"8.4", "8.3"}, stack: "php", port: 8080},
	{Option: Option{Value: "go", Title: "Go"}, versions: []string{"1.27", "1.26"}, function: "custom", port: 8080},
	{Option: Option{Value: "ruby", Title: "Ruby"}, versions: []string{"4.0", "3.4", "3.3"}, port: 3000},
	{Option: Option{Value: "rust", Title: "Rust"}, function: "custom", port: 8080},
	{Option: Option{Value: "static", Title: "Static files", Detail: "HTML, CSS and JavaScript without a server."}, frontend: true, port: 80},
}

func runtimeOf(value string) (runtimeKind, bool) {
	i := slices.IndexFunc(runtimeKinds, func(r runtimeKind) bool { return r.Value == value })
	if i < 0 {
		return runtimeKind{}, false
	}
	return runtimeKinds[i], true
}

// Runtimes lists what an app can be.
func Runtimes() []Option {
	return options(runtimeKinds, func(r runtimeKind) Option { return r.Option })
}

// FunctionRuns reports whether a function can be of that runtime.
func FunctionRuns(runtime string) bool {
	r, _ := runtimeOf(runtime)
	return r.function != ""
}

// Versions lists the versions of a runtime that can be chosen, the usual one
// first; none where it is not chosen here.
func Versions(runtime string) []Option {
	r, _ := runtimeOf(runtime)
	return plain(r.versions)
}

// The build tools of Java.
const (
	Maven  = "maven"
	Gradle = "gradle"
)

// BuildTools lists the build tools of a runtime; none where there is no choice.
func BuildTools(runtime string) []Option {
	if r, _ := runtimeOf(runtime); !r.java {
		return nil
	}
	return []Option{{Value: Maven, Title: "Maven"}, {Value: Gradle, Title: "Gradle"}}
}

// The packagings.
const (
	PackagingArchive = "archive"
	PackagingImage   = "image"
)

// Packagings lists how an app can be handed to its host.
func Packagings() []Option {
	return []Option{
		{Value: PackagingArchive, Title: "Archive", Detail: "A jar, a zip or files; the host brings the runtime."},
		{Value: PackagingImage, Title: "Image", Detail: "A container image, kept in the environment's registry."},
	}
}

// The hostings.
const (
	HostingWebApp       = "web-app"
	HostingFunction     = "function"
	HostingContainerApp = "container-app"
	HostingStaticWebApp = "static-web-app"
	HostingLocal        = "local"
)

// tier is a size of a hosting or of a service.
type tier struct {
	Option
	isolated bool // it cannot join a virtual network
	standby  bool // of a database: there is a second one in another zone, and a backup in another region
}

// kind is a hosting, a database or an add-on.
type kind struct {
	Option
	tiers    []tier   // the first is the default
	versions []string // the first is the default
	endpoint bool     // it can only be closed by a private endpoint
	open     bool     // it is reached from everywhere, with no more than an identity or an address to send to
}

var hostingKinds = []kind{
	{Option: Option{Value: HostingWebApp, Title: "Web app", Detail: "App Service: always there, on a plan of its own size."}, tiers: []tier{
		{Option: Option{Value: "basic", Title: "Basic (B1)", Cost: CostLow, Detail: "One small machine, always on."}},
		{Option: Option{Value: "free", Title: "Free (F1)", Cost: CostFree, Detail: "60 minutes of processor a day; sleeps when idle; cannot join a network; one to a subscription in a region."}, isolated: true},
		{Option: Option{Value: "standard", Title: "Standard (S1)", Cost: CostMedium, Detail: "With a staging slot."}},
		{Option: Option{Value: "premium", Title: "Premium (P0v3)", Cost: CostMedium, Detail: "Faster, with a staging slot."}},
	}},
	{Option: Option{Value: HostingContainerApp, Title: "Container app", Detail: "A container image that scales with its requests."}, tiers: []tier{
		{Option: Option{Value: "consumption", Title: "Consumption", Cost: CostUsage, Detail: "Scales to zero: the first request after a pause waits some seconds."}},
		{Option: Option{Value: "always-on", Title: "Always on", Cost: CostMedium, Detail: "Two replicas at least."}},
	}},
	{Option: Option{Value: HostingFunction, Title: "Function", Detail: "Azure Functions: code that runs when something happens."}, tiers: []tier{
		{Option: Option{Value: "flex", Title: "Flex consumption (FC1)", Cost: CostUsage, Detail: "Scales to zero; can join a network."}},
		{Option: Option{Value: "consumption", Title: "Consumption (Y1)", Cost: CostUsage, Detail: "The older one: ends in 2028, gets no new versions of languages, cannot join a network."}, isolated: true},
		{Option: Option{Value: "premium", Title: "Premium (EP1)", Cost: CostHigh, Detail: "Always warm."}},
	}},
	{Option: Option{Value: HostingStaticWebApp, Title: "Static web app", Detail: "Files, served from many places."}, tiers: []tier{
		{Option: Option{Value: "free", Title: "Free", Cost: CostFree}, isolated: true},
		{Option: Option{Value: "standard", Title: "Standard", Cost: CostLow}, isolated: true},
	}},
}

// Hostings lists what can run an app on a target.
func Hostings(target string) []Option {
	if target == TargetLocal {
		return []Option{{Value: HostingLocal, Title: "Local", Detail: "A process on the server's machine."}}
	}
	return options(hostingKinds, func(k kind) Option { return k.Option })
}

// Databases.
const (
	PostgreSQL = "postgresql"
	MySQL      = "mysql"
	SQLServer  = "sql-server"
)

var databaseKinds = []kind{
	{Option: Option{Value: None, Title: "None"}},
	{Option: Option{Value: PostgreSQL, Title: "PostgreSQL"}, versions: []string{"17", "18", "16", "15"}, tiers: []tier{
		{Option: Option{Value: "burstable", Title: "Burstable (B1ms)", Cost: CostLow, Detail: "For small loads: one server without a standby."}},
		{Option: Option{Value: "general-purpose", Title: "General purpose (D2ds v5)", Cost: CostHigh, Detail: "High availability in two zones, geo-redundant backups."}, standby: true},
		{Option: Option{Value: "memory-optimized", Title: "Memory optimized (E2ds v5)", Cost: CostHigh, Detail: "High availability in two zones, geo-redundant backups."}, standby: true},
	}},
	{Option: Option{Value: MySQL, Title: "MySQL"}, versions: []string{"8.4"}, tiers: []tier{
		{Option: Option{Value: "burstable", Title: "Burstable (B1ms)", Cost: CostLow, Detail: "For small loads: one server without a standby."}},
		{Option: Option{Value: "general-purpose", Title: "General purpose (D2ads v5)", Cost: CostHigh, Detail: "High availability in two zones, geo-redundant backups."}, standby: true},
		{Option: Option{Value: "memory-optimized", Title: "Business critical (E2ds v5)", Cost: CostHigh, Detail: "High availability in two zones, geo-redundant backups."}, standby: true},
	}},
	{Option: Option{Value: SQLServer, Title: "SQL Server", Detail: "Azure SQL Database; apps use their identity, there is no password."}, tiers: []tier{
		{Option: Option{Value: "serverless", Title: "Serverless (GP_S_Gen5_1)", Cost: CostUsage, Detail: "Pauses after an hour; the first query after that waits a minute."}},
		{Option: Option{Value: "standard", Title: "Standard (S0)", Cost: CostLow, Detail: "For small loads, always on."}},
		{Option: Option{Value: "general-purpose", Title: "General purpose (GP_Gen5_2)", Cost: CostHigh, Detail: "In several zones, geo-redundant backups."}, standby: true},
		{Option: Option{Value: "business-critical", Title: "Business critical (BC_Gen5_2)", Cost: CostTop, Detail: "Replicas in several zones, geo-redundant backups."}, standby: true},
	}},
}

// Databases lists the kinds of database, None first.
func Databases() []Option { return options(databaseKinds, func(k kind) Option { return k.Option }) }

// Add-ons.
const (
	Redis               = "redis"
	BlobStorage         = "blob-storage"
	MongoDB             = "mongodb"
	ApplicationInsights = "application-insights"
	KeyVault            = "key-vault"
)

var addOnKinds = []kind{
	{Option: Option{Value: Redis, Title: "Redis", Detail: "Azure Managed Redis; apps use their identity."}, endpoint: true, tiers: []tier{
		{Option: Option{Value: "basic", Title: "Basic (B0)", Cost: CostLow, Detail: "One node: gone when it fails."}},
		{Option: Option{Value: "standard", Title: "Standard (B1)", Cost: CostMedium, Detail: "Two nodes."}},
		{Option: Option{Value: "premium", Title: "Premium (B10)", Cost: CostHigh, Detail: "Two nodes, and saved to disk."}},
	}},
	{Option: Option{Value: BlobStorage, Title: "Blob storage", Detail: "A storage account without keys; apps use their identity."}, tiers: []tier{
		{Option: Option{Value: "standard", Title: "Standard (LRS)", Cost: CostUsage, Detail: "Copies in one data center."}},
		{Option: Option{Value: "zone-redundant", Title: "Zone-redundant (ZRS)", Cost: CostUsage, Detail: "Copies in several zones of the region."}},
		{Option: Option{Value: "geo-redundant", Title: "Geo-redundant (GZRS)", Cost: CostUsage, Detail: "In several zones, and in a second region."}},
	}},
	{Option: Option{Value: MongoDB, Title: "MongoDB", Detail: "Cosmos DB for MongoDB (vCore), now Azure DocumentDB; apps use their identity."}, endpoint: true, tiers: []tier{
		{Option: Option{Value: "basic", Title: "Basic (M10)", Cost: CostMedium, Detail: "No high availability."}},
		{Option: Option{Value: "standard", Title: "Standard (M30)", Cost: CostHigh, Detail: "High availability."}},
		{Option: Option{Value: "premium", Title: "Premium (M40)", Cost: CostTop, Detail: "High availability."}},
	}},
	{Option: Option{Value: ApplicationInsights, Title: "Application Insights", Detail: "Traces and errors, kept in the environment's log workspace."}, open: true, tiers: []tier{
		{Option: Option{Value: "standard", Title: "Standard", Cost: CostUsage}},
	}},
	{Option: Option{Value: KeyVault, Title: "Key vault", Detail: "Secrets of your own, read by the apps' identity."}, tiers: []tier{
		{Option: Option{Value: "standard", Title: "Standard", Cost: CostUsage}},
		{Option: Option{Value: "premium", Title: "Premium", Cost: CostUsage, Detail: "Keys in hardware."}},
	}},
}

// AddOns lists the kinds of add-ons.
func AddOns() []Option { return options(addOnKinds, func(k kind) Option { return k.Option }) }

// Tiers lists the tiers of a hosting, a database or an add-on, the usual one
// first.
func Tiers(value string) []Option {
	k, _ := kindOf(value)
	return options(k.tiers, func(t tier) Option { return t.Option })
}

// ServiceVersions lists the versions of a database, the usual one first; none
// where there is no choice.
func ServiceVersions(value string) []Option {
	k, _ := kindOf(value)
	return plain(k.versions)
}

func kindOf(value string) (kind, bool) {
	for _, list := range [][]kind{hostingKinds, databaseKinds, addOnKinds} {
		if i := slices.IndexFunc(list, func(k kind) bool { return k.Value == value }); i >= 0 {
			return list[i], true
		}
	}
	return kind{}, false
}

func (k kind) tier(value string) tier {
	for _, t := range k.tiers {
		if t.Value == value {
			return t
		}
	}
	return tier{}
}

func options[T any](list []T, option func(T) Option) []Option {
	all := make([]Option, len(list))
	for i, item := range list {
		all[i] = option(item)
	}
	return all
}

func plain(values []string) []Option {
	return options(values, func(v string) Option { return Option{Value: v, Title: v} })
}

func values(list []Option) []string {
	all := make([]string, len(list))
	for i, o := range list {
		all[i] = o.Value
	}
	return all
}
