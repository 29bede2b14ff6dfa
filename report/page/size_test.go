package page

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestLargePageIsUsable opens a page of many rows, presses Tab, searches, filters and sorts. The bounds detect a
// page that freezes, on a busy machine; the log has the times.
func TestLargePageIsUsable(t *testing.T) {
	begun := time.Now()
	page := pageOf(t, results(manySamples(100_000)))
	t.Logf("%.1f MB written in %v", float64(len(page))/1e6, time.Since(begun).Round(time.Millisecond))
	tab, took := openTimed(t, browser(t), served(t, page))
	within(t, "loading", took, 20*time.Second)
	for _, want := range []string{"SUMMARY Action", "INPUT "} {
		got, took := pressTab(t, tab)
		within(t, "Tab", took, 10*time.Second)
		if got != want {
			t.Errorf("Tab moves the focus to %q, want %q", got, want)
		}
	}
	for _, s := range []string{"a", "anna 4", "user77@", "nobody", ""} {
		within(t, fmt.Sprintf("searching %q", s), act(t, tab, fmt.Sprintf(`(e => {
			e.value = %q; e.dispatchEvent(new Event("input"));
		})(document.getElementById("search"))`, s)), 5*time.Second)
	}
	for range 2 {
		within(t, "filtering", act(t, tab, `document.querySelector("input[value=failed]").click()`), 5*time.Second)
	}
	for column := 1; column <= 5; column++ {
		within(t, fmt.Sprintf("sorting by column %d", column), act(t, tab, fmt.Sprintf(
			`document.querySelector("#rows th:nth-child(%d) button").click()`, column)), 10*time.Second)
	}
	t.Logf("%d MB of script memory", eval[int](t, tab, `performance.memory.usedJSHeapSize`)>>20)
}

// TestTabMovesFocusOnLargePageWithoutScripts presses Tab where all rows are in the document. A page that freezes takes
// minutes.
func TestTabMovesFocusOnLargePageWithoutScripts(t *testing.T) {
	const rows = 5_000
	address := served(t, pageOf(t, results(manySamples(rows))))
	tab, took := openTimed(t, browser(t), address, withoutScripts())
	within(t, "loading", took, 30*time.Second)
	for _, want := range []string{"SUMMARY Action", "A 2 Anna Person 1"} {
		got, took := pressTab(t, tab)
		within(t, "Tab", took, tabPatience)
		if got != want {
			t.Errorf("Tab moves the focus to %q, want %q", got, want)
		}
	}
	if got := eval[int](t, tab, `document.querySelectorAll(".rows tbody tr").length`); got != rows {
		t.Errorf("the table has %d rows, want %d", got, rows)
	}
}

func withoutScripts() step {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// openTimed opens a page, and returns how long that takes until it is laid out.
func openTimed(t *testing.T, browser context.Context, address string, steps ...step) (*tab, time.Duration) {
	t.Helper()
	begun := time.Now()
	tab := newTab(t, browser, append(steps, chromedp.Navigate(address))...)
	eval[int](t, tab, `document.documentElement.scrollHeight`)
	return tab, time.Since(begun)
}

// pressTab presses the Tab key, and returns what has the focus then.
func pressTab(t *testing.T, tab *tab) (focused string, took time.Duration) {
	t.Helper()
	begun := time.Now()
	tab.do(t, chromedp.KeyEvent(kb.Tab))
	focused = eval[string](t, tab, `(e => e.tagName + " " + e.textContent.trim().slice(0, 20))(document.activeElement)`)
	return focused, time.Since(begun)
}

// act evaluates statements, and returns how long that takes with the layout that follows.
func act(t *testing.T, tab *tab, statements string) time.Duration {
	t.Helper()
	ms := eval[float64](t, tab, `(() => {
		const begun = performance.now();
		`+statements+`;
		document.documentElement.scrollHeight;
		return performance.now() - begun;
	})()`)
	return time.Duration(ms * float64(time.Millisecond))
}

func within(t *testing.T, what string, took, bound time.Duration) {
	t.Helper()
	t.Logf("%s: %v", what, took.Round(time.Millisecond))
	if took > bound {
		t.Errorf("%s takes %v, want %v at most", what, took, bound)
	}
}
