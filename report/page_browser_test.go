package report

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts a browser for a test and its subtests. Where there is none the test is skipped, but not on CI.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROME")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	if _, err := exec.LookPath(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no browser: %v; install chromium, or set CHROME", err)
		}
		t.Skipf("no browser: %v; CHROME names another", err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.NoFirstRun, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(time.Minute),
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return ctx
}

// A step is something done in a tab.
type step = chromedp.Action[chromedp.Void]

// command is a step that sends a command of the browser's protocol.
func command[P, R any](c cdp.Command[P, R], params P) step {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// tabPatience is how long a step in a tab may take: one that waits for what does not come would wait for ever.
const tabPatience = 30 * time.Second

// A tab has a page open, and remembers what the page did.
type tab struct {
	ctx context.Context

	mu       sync.Mutex
	problems []string // what stands on the console, and dialogs; guarded by mu
	requests []string // guarded by mu
}

// newTab opens a tab of the browser.
func newTab(t *testing.T, browser context.Context, steps ...step) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{ctx: ctx}
	if err := chromedp.Listen(ctx, b.see); err != nil {
		t.Fatal(err)
	}
	b.do(t, steps...)
	return b
}

func (b *tab) see(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, "console."+string(e.Type))
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	case *cdppage.EventJavascriptDialogOpening:
		b.problems = append(b.problems, "a dialog: "+e.Message)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

func (b *tab) do(t *testing.T, steps ...step) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, tabPatience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// quiet fails the test where the page complained, or asked anybody for anything but itself.
func (b *tab) quiet(t *testing.T, page string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		t.Errorf("the page says: %s", p)
	}
	if want := []string{page}; !slices.Equal(b.requests, want) {
		t.Errorf("the page asked for %q, want %q alone", b.requests, want)
	}
}

// ask is what an expression, or the promise that it is, comes to on the page.
func ask[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, tabPatience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// pageOf is the page of a result file.
func pageOf(t testing.TB, results string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := writePage(&b, results, sampleStart().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// served serves a page, and nothing else, and returns its address.
func served(t *testing.T, page []byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/page.html" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/page.html"
}

// visible is the row numbers that the table shows, in its order.
func visible(t *testing.T, b *tab) []int {
	t.Helper()
	return ask[[]int](t, b, `[...document.querySelectorAll("#rows tbody tr")].filter(tr => tr.checkVisibility()).map(tr => Number(tr.cells[0].textContent))`)
}

// typed is a key pressed as a keyboard does it: where the page takes the press, no character follows.
func typed(key string) step {
	return command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "keyDown", Key: key, Text: key})
}

// tooWide names what stands out of the page.
const tooWide = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.tagName + "." + (e.className.baseVal ?? e.className)).slice(0, 5).join(" ")`

// palest names texts whose contrast is under 4.5, which is what WCAG AA wants.
const palest = `(() => {
  const numbers = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const l = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = numbers(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const pale = new Set();
  let seen = 0;
  for (const e of document.querySelectorAll("body *")) {
    if (["SCRIPT", "STYLE", "title"].includes(e.tagName) || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e);
    const ink = light(numbers(e.namespaceURI.endsWith("svg") ? style.fill : style.color)), paper = light(ground(e));
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    seen++;
    if (contrast < 4.5) pale.add(e.tagName + "." + (e.className.baseVal ?? e.className) + " has a contrast of " + contrast.toFixed(2));
  }
  if (seen < 100) pale.add("only " + seen + " texts were looked at");
  return [...pale];
})()`

func inScheme(scheme string) step {
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}
