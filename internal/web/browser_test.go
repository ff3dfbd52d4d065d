package web_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/aloft-dev/aloft"
)

var screenshots = flag.String("screenshots", "", "folder to write pictures of the pages to")

const patience = time.Minute

type action = chromedp.Action[chromedp.Void]

// TestBrowser runs the pages in a real browser, each story in a tab of its own.
func TestBrowser(t *testing.T) {
	t.Parallel()
	ctx := startBrowser(t)
	for name, story := range map[string]func(*testing.T, context.Context){
		"follows changes": followsChanges, "follows a run": followsARun, "approves": approves,
		"destroys only what was named": destroysOnlyWhatWasNamed, "tells what went wrong": tellsWhatWentWrong,
		"fits every screen": fitsEveryScreen,
	} {
		t.Run(name, func(t *testing.T) { story(t, newTab(t, ctx)) })
	}
}

func startBrowser(t *testing.T) context.Context {
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
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		stop()
	})
	run(t, ctx)
	return ctx
}

// newTab opens a tab. What the browser complains of there (scripts, content
// policy) fails the test.
func newTab(t *testing.T, browser context.Context) context.Context {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser)
	run(t, ctx)
	messages := chromedp.Console(ctx)
	ctx, cancel := context.WithTimeout(ctx, 5*patience)
	t.Cleanup(func() {
		cancel()
		closeTab()
		for message, err := range messages {
			if err != nil {
				break
			}
			if message.IsException() || message.Type == "error" && message.Source != "network" {
				t.Errorf("the browser complains: %s", message)
			}
		}
	})
	return ctx
}

func run(t *testing.T, ctx context.Context, actions ...action) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// becomes waits until an expression of the page is true.
func becomes(expression string) action {
	poll := chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(20*time.Millisecond))
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		void, err := poll(ctx, target)
		if err != nil {
			err = fmt.Errorf("%s: %w", expression, err)
		}
		return void, err
	}
}

func textOf(selector string) string {
	return fmt.Sprintf("(document.querySelector(%q)?.textContent ?? '').trim()", selector)
}

func followsChanges(t *testing.T, ctx context.Context) {
	w := busyWorld(time.Now())
	url := w.serve(t)
	run(t, ctx, chromedp.Navigate(url+"/"), becomes("document.getElementById('connection').hidden"),
		chromedp.Evaluate[chromedp.Void]("window.marker = 1"), chromedp.Focus(chromedp.CSS("a[href='/environments/shop/alice']")))
	w.change(func() {
		w.environments[1].Status = aloft.EnvironmentUpdating
		w.runs[2].Status = aloft.RunSucceeded
	})
	w.events <- "event: environment\ndata: {\"project\":\"shop\",\"environment\":\"alice\"}\n\n"
	run(t, ctx,
		becomes("[...document.querySelectorAll('[data-announce=alice]')].some(e => e.textContent.trim() === 'updating')"),
		becomes(textOf("#news")+".includes('alice is updating')"),
		becomes(textOf("#news")+".includes('run 13 is succeeded')"),
		becomes("document.activeElement?.getAttribute('href') === '/environments/shop/alice'"),
		becomes("window.marker === 1"))
}

func followsARun(t *testing.T, ctx context.Context) {
	w := busyWorld(time.Now())
	url := w.serve(t)
	run(t, ctx, chromedp.Navigate(url+"/runs/13"), becomes(textOf("#log")+".endsWith('build')"))
	w.more <- "       \x1b[32mcompiled\x1b[0m 31 pack"
	w.more <- "ages\n !     it broke\n"
	run(t, ctx,
		becomes("document.querySelector('#log').lastElementChild.className === 'bad'"),
		becomes("document.querySelector('#log').lastElementChild.previousElementSibling.textContent === '       compiled 31 packages\\n'"),
		becomes("document.querySelectorAll('#log .head').length === 1"))
	w.change(func() { w.runs[2].Status, w.runs[2].FinishedAt = aloft.RunSucceeded, time.Now() })
	close(w.more)
	w.events <- "event: run\ndata: {\"project\":\"shop\",\"environment\":\"alice\",\"runID\":13}\n\n"
	run(t, ctx, becomes(textOf(".facts .status")+" === 'succeeded'"), becomes("!document.querySelector('[data-call]')"))
}

func approves(t *testing.T, ctx context.Context) {
	w := busyWorld(time.Now())
	url := w.serve(t)
	run(t, ctx, chromedp.Navigate(url+"/runs/15"), chromedp.Click(chromedp.CSS("button.main")))
	if got := <-w.called; got != `POST /api/v1/runs/15/approve {"digest":"d1"}` {
		t.Errorf("called %s", got)
	}
}

func destroysOnlyWhatWasNamed(t *testing.T, ctx context.Context) {
	w := busyWorld(time.Now())
	url := w.serve(t)
	run(t, ctx, chromedp.Navigate(url+"/environments/shop/alice"), chromedp.Click(chromedp.CSS("[data-dialog=destroy]")),
		becomes("document.getElementById('destroy').open"),
		becomes("document.querySelector('dialog .danger').disabled"),
		chromedp.SendKeys(chromedp.CSS("#destroy-name"), "alic\r"),
		becomes("document.getElementById('destroy').open && document.querySelector('dialog .danger').disabled"),
		chromedp.SendKeys(chromedp.CSS("#destroy-name"), "e"), chromedp.Click(chromedp.CSS("dialog .danger:enabled")),
		chromedp.WaitReady(chromedp.CSS("body[data-subject='run/12']")))
	if got := <-w.called; got != "DELETE /api/v1/projects/shop/environments/alice" {
		t.Errorf("called %s", got)
	}
}

func tellsWhatWentWrong(t *testing.T, ctx context.Context) {
	w := busyWorld(time.Now())
	url := w.serve(t)
	run(t, ctx, chromedp.Navigate(url+"/environments/shop/checkout-flow"), chromedp.Click(chromedp.CSS("[data-path$='/retry']")),
		becomes(textOf("#notice")+" === 'nothing to retry – push again'"))
}

// fitsEveryScreen checks every page at the width of a telephone and of a desk,
// in light and in dark, and takes pictures when asked to.
func fitsEveryScreen(t *testing.T, ctx context.Context) {
	now := time.Now()
	w, empty, stranger := busyWorld(now), emptyWorld(), busyWorld(now)
	stranger.loggedIn = false
	url := w.serve(t)
	for name, address := range map[string]string{
		"home": url + "/", "failed": url + "/runs/14", "running": url + "/runs/13", "waiting": url + "/runs/15",
		"environment": url + "/environments/shop/alice", "missing": url + "/runs/99",
		"empty": empty.serve(t) + "/", "login": stranger.serve(t) + "/?login=failed",
	} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{390, 1280} {
				run(t, ctx, chromedp.EmulateViewport(width, 900), prefers(scheme), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("main")))
				if over := evaluate[float64](t, ctx, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
					t.Errorf("%s is %v pixels wider than a screen of %d", name, over, width)
				}
				if *screenshots == "" {
					continue
				}
				picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(*screenshots, fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
				if err := os.WriteFile(file, picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func prefers(scheme string) action {
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return chromedp.Void{}, err
	}
}
