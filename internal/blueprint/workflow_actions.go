package blueprint

// pin is the commit of an action's release.
type pin struct {
	version string
	commit  string
}

// actions are the actions that workflows use, each by the commit of a release:
// a tag can be moved, a commit cannot. Every commit was compared with what other
// repositories pin for the same release.
var actions = map[string]pin{
	"actions/cache":             {"v5.0.3", "cdf6c1fa76f9f475f3d7449005a359c84ca0f306"},
	"actions/checkout":          {"v6.0.2", "de0fac2e4500dabe0009e67214ff5f5447ce83dd"},
	"actions/setup-dotnet":      {"v5.2.0", "c2fa09f4bde5ebb9d1777cf28262a3eb3db3ced7"},
	"actions/setup-go":          {"v6.3.0", "4b73464bb391d4059bd26b0524d20df3927bd417"},
	"actions/setup-java":        {"v5.2.0", "be666c2fcd27ec809703dec50e508c2fdc7f6654"},
	"actions/setup-node":        {"v6.3.0", "53b83947a5a98c8d113130e565377fae1a50d02f"},
	"actions/setup-python":      {"v6.2.0", "a309ff8b426b58ec0e2a45f0f869d46889d02405"},
	"azure/login":               {"v3.0.0", "532459ea530d8321f2fb9bb10d1e0bcf23869a43"},
	"hashicorp/setup-terraform": {"v4.0.0", "5e8dbf3c6d9deaf4193ca7a8fb23f2ac83bb6c85"},
	"shivammathur/setup-php":    {"2.35.5", "bf6b4fbd49ca58e4608c9c89fba0b8d90bd2a39f"},
}
