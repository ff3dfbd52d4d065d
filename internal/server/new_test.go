package server

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/goccy/go-yaml"

	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/web"
)

var screenshots = flag.String("screenshots", "", "folder to write pictures of the page /new to")

type browserAction = chromedp.Action[chromedp.Void]

// generatorSite is the page /new and the archives that it links to.
func generatorSite(t *testing.T) string {
	t.Helper()
	g := generator{blueprint.Generator{Version: "v1.0.0"}}
	archives := api.New(api.Options{Generator: g})
	pages := web.New(web.Options{Blueprints: sketcher{g, archives.Turn}, LoggedIn: func(*http.Request) bool { return false }, Logger: slog.New(slog.DiscardHandler)})
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle(api.GeneratePath, archives)
	mux.Handle(api.Base+"/", archives)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// openTab starts a browser. What it complains of (scripts, content policy) fails
// the test.
func openTab(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Skip("no Chromium is installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(2*time.Minute),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	do(t, ctx)
	messages := chromedp.Console(ctx)
	limited, cancel := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() {
		cancel()
		_ = chromedp.Cancel(ctx)
		stop()
		for message, err := range messages {
			if err != nil {
				break
			}
			if message.IsException() || message.Type == "error" && message.Source != "network" {
				t.Errorf("the browser complains: %s", message)
			}
		}
	})
	return limited
}

func do(t *testing.T, ctx context.Context, actions ...browserAction) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// becomes waits until an expression of the page is true.
func becomes(format string, args ...any) browserAction {
	expression := fmt.Sprintf(format, args...)
	poll := chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(20*time.Second), chromedp.WithPollingInterval(20*time.Millisecond))
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		void, err := poll(ctx, target)
		if err != nil {
			err = fmt.Errorf("%s: %w", expression, err)
		}
		return void, err
	}
}

func clickOn(selector string) browserAction { return chromedp.Click(chromedp.CSS(selector)) }

// pick chooses an option of a list as a person does: with an event.
func pick(id, value string) browserAction {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
		"{const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true}))}", id, value))
}

// write fills in a field as a person does, in place of what is there.
func write(id, text string) browserAction {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
		"{const e = document.getElementById(%q); e.focus(); e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true}))}", id, text))
}

// shows waits until the preview holds a text.
func shows(text string) browserAction {
	return becomes("(document.querySelector('.source')?.textContent ?? '').includes(%q)", text)
}

// TestNewInABrowser chooses a project in a real browser, from the first look to
// the archive.
func TestNewInABrowser(t *testing.T) {
	site, ctx := generatorSite(t), openTab(t)
	folder := t.TempDir()
	do(t, ctx, chromedp.EmulateViewport(1440, 1000), chromedp.Navigate(site+"/new"), shows(`"./modules/container-app"`),
		chromedp.Evaluate[chromedp.Void]("window.marker = 1"),

		// What does not go says why.
		becomes("document.getElementById('f-hosting-function').disabled"),
		becomes("document.getElementById('f-hosting-function').closest('label').textContent.includes('Has no worker for Docker')"),

		// Another runtime: the files follow, and the function goes.
		pick("f-runtime", "spring-boot"), becomes("!document.getElementById('f-hosting-function').disabled"),
		clickOn("#f-hosting-web-app"), shows(`"./modules/web-app"`),
		clickOn("#f-database-kind-postgresql"), shows(`"./modules/postgresql"`),
		becomes("document.getElementById('f-tier-free').closest('label').textContent.includes('Cannot join a network, so PostgreSQL')"),

		// Redis brings the private network, unless somebody has chosen another one.
		pick("f-addOns-redis", "redis=standard"), shows(`"./modules/redis"`), becomes("document.getElementById('f-network-private').checked"),
		becomes("document.getElementById('f-network-public').closest('label').textContent.includes('Leaves Redis open')"),
		pick("f-addOns-redis", ""), becomes("document.getElementById('f-network-public').checked"),
		clickOn("#f-network-private"), pick("f-addOns-redis", "redis=standard"), shows(`"./modules/redis"`),

		// A wrong name is said, and takes the files away.
		chromedp.Evaluate[chromedp.Void]("document.getElementById('f-name').select()"),
		chromedp.SendKeys(chromedp.CSS("#f-name"), "Shop"), becomes("document.querySelector('#part-told .bad')?.textContent.includes('Shop')"),
		becomes("!document.querySelector('a[download]')"), becomes("document.activeElement.id === 'f-name'"),
		becomes("document.getElementById('f-name-problem').textContent.includes('the nearest is shop')"), becomes("document.querySelector('#f-name[aria-invalid]')"),
		chromedp.SendKeys(chromedp.CSS("#f-name"), "\b\b\b\bshop"), becomes("document.querySelector('a[download]')?.href.includes('/generate/shop.zip?')"),

		// Another file is a click away; a second app, too.
		clickOn("a[data-file][href*='variables.tf']:not([href*='modules'])"), shows(`variable "project"`),
		clickOn("button[value=add]"), becomes("document.getElementById('f-app-name').value === 'app-2'"),
		pick("f-runtime", "go"), becomes("document.getElementById('command').textContent.includes('--app app-2:path=app-2,runtime=go')"),
		clickOn("button[value=edit-0]"), becomes("document.getElementById('f-runtime').value === 'spring-boot'"),
		becomes("document.getElementById('preview').textContent === 'terraform/variables.tf'"),
		becomes("document.getElementById('curl').textContent.includes('/generate/shop.tgz?')"),

		// What is seldom needed is told of each app, too.
		clickOn("#more summary"), becomes("document.getElementById('f-port').disabled"), becomes("document.getElementById('f-port-reason').textContent.includes('by PORT')"),
		write("f-start", "java -jar a.jar --hosts a,b"), write("f-health", "/up"), becomes("document.getElementById('command').textContent.includes('start=java -jar a.jar --hosts a,b')"),
		clickOn("button[value=edit-1]"), becomes("document.getElementById('f-app-name').value === 'app-2'"), becomes("document.activeElement.value === 'edit-1'"),
		write("f-build", "go build -o api ./cmd/api"), write("f-port", "99999"), becomes("document.getElementById('f-port-problem')?.textContent.includes('is no port')"),
		write("f-port", "9090"), becomes("document.getElementById('curl')?.textContent.includes('port%%3D9090')"),
		write("f-command", "./api --serve"), becomes("document.getElementById('f-static').disabled"),
		becomes("document.getElementById('preview').textContent === 'terraform/variables.tf'"), becomes("window.marker === 1"))
	takePictures(t, ctx)
	checkTheAddress(t, ctx)

	do(t, ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: folder})
		return chromedp.Void{}, err
	}, clickOn("#part-take a[download][href*='.zip']"))
	files := filesIn(t, downloaded(t, filepath.Join(folder, "shop.zip")))
	for _, path := range []string{"terraform/main.tf", "terraform/variables.tf", "terraform/modules/redis/main.tf", blueprint.RecordFile} {
		if files[path] == "" {
			t.Errorf("the archive has no %s", path)
		}
	}
	if main := files["terraform/main.tf"]; !strings.Contains(main, `module "redis"`) || !strings.Contains(main, "app-2") {
		t.Errorf("terraform/main.tf is\n%s", main)
	}
	var manifest struct {
		Apps map[string]struct{ Path, Build, Start, Health string }
	}
	if err := yaml.Unmarshal([]byte(files[blueprint.ManifestFile]), &manifest); err != nil {
		t.Fatal(err)
	}
	if web, api := manifest.Apps["web"], manifest.Apps["app-2"]; web.Health != "/up" || api.Path != "app-2" || api.Build != "go build -o api ./cmd/api" || api.Start != "./api --serve" {
		t.Errorf("aloft.yaml has the apps %+v", manifest.Apps)
	}
	for _, text := range []string{`"java -jar a.jar --hosts a,b"`, "= 9090"} {
		if !strings.Contains(files["terraform/main.tf"], text) {
			t.Errorf("terraform/main.tf lacks %s", text)
		}
	}
}

// checkTheAddress opens what the page's address says in another tab, where all is
// as it was, and copies the command as one can on a page that comes by plain HTTP.
func checkTheAddress(t *testing.T, ctx context.Context) {
	t.Helper()
	state := chromedp.Evaluate[string](`JSON.stringify([document.getElementById("command").textContent, document.getElementById("curl").textContent,
		document.getElementById("preview").textContent, Object.fromEntries([...document.querySelectorAll("#choices [name]:not([type=radio]:not(:checked))")].map((e) => [e.name, e.value]))])`)
	before, err := chromedp.Run(ctx, state)
	if err != nil {
		t.Fatal(err)
	}
	address, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(address, "was=") || len(address) > 500 {
		t.Errorf("the address is %s", address)
	}
	tab, close := chromedp.NewContext(ctx)
	defer close()
	do(t, tab, chromedp.Navigate(address), becomes("document.documentElement.classList.contains('scripted')"))
	after, err := chromedp.Run(tab, state)
	if err != nil || after != before {
		t.Errorf("the address gives\n%s\nit was made of\n%s (%v)", after, before, err)
	}
	do(t, tab, chromedp.Evaluate[chromedp.Void]("Object.defineProperty(navigator, 'clipboard', {value: undefined})"),
		chromedp.Evaluate[chromedp.Void]("document.addEventListener('copy', () => { window.copied = String(getSelection()) })"), clickOn("#copy-command"),
		becomes("document.getElementById('copy-command').textContent === 'Copied'"), becomes("window.copied.startsWith('aloft init --name shop ')"))
}

// TestReferenceInABrowser calls the generator from the page of the API.
func TestReferenceInABrowser(t *testing.T) {
	site, ctx := generatorSite(t), openTab(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(site+"/reference#generate"),
		becomes("document.getElementById('generate')?.open"), becomes("document.querySelectorAll('#operations details').length >= 40"),
		chromedp.SendKeys(chromedp.CSS("#generate-project"), "shop"), pick("generate-runtime", "go"), clickOn("#generate button"),
		becomes("document.querySelector('#generate .answer a[download=\"shop.zip\"]')"),
		chromedp.SendKeys(chromedp.CSS("#generate-region"), "mars"), clickOn("#generate button"),
		becomes("document.querySelector('#generate .answer pre')?.textContent.includes('\"field\": \"region\"')"))
	if *screenshots != "" {
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(filepath.Join(*screenshots, "reference.png"), picture, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// downloaded waits for a file, which has its name when it is whole.
func downloaded(t *testing.T, file string) []byte {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		if data, err := os.ReadFile(file); err == nil {
			return data
		}
	}
	t.Fatalf("%s was not downloaded", filepath.Base(file))
	return nil
}

// takePictures looks at the page on a telephone and on a desk, in light and in
// dark.
func takePictures(t *testing.T, ctx context.Context) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{390, 820, 1440} {
			features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
			do(t, ctx, chromedp.EmulateViewport(width, 1000), func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
				_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
				return chromedp.Void{}, err
			}, chromedp.Evaluate[chromedp.Void]("scrollTo(0, 0)"))
			over, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("document.documentElement.scrollWidth - innerWidth"))
			if err != nil || over > 0 {
				t.Errorf("the page is %v pixels wider than a screen of %d (%v)", over, width, err)
			}
			if *screenshots == "" {
				continue
			}
			for name, take := range map[string]chromedp.Action[[]byte]{"new": chromedp.CaptureScreenshot(), "new-whole": chromedp.FullScreenshot(100)} {
				picture, err := chromedp.Run(ctx, take)
				if err == nil {
					err = os.WriteFile(filepath.Join(*screenshots, fmt.Sprintf("%s-%s-%d.png", name, scheme, width)), picture, 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
