package page

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"

	"qlik-provision/provision/text"
)

// visible is the row numbers that the table shows, in its order.
func visible(t *testing.T, b *tab) []int {
	t.Helper()
	return eval[[]int](t, b, `[...document.querySelectorAll(".rows tbody tr")]
		.filter(tr => tr.checkVisibility()).map(tr => Number(tr.cells[0].textContent))`)
}

// typed presses a key as a keyboard does: where the page handles the press, no character follows.
func typed(key string) step {
	return command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "keyDown", Key: key, Text: key})
}

// tooWide names elements that are wider than the page.
const tooWide = `[...document.querySelectorAll("body *")]
	.filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)
	.map(e => e.tagName + "." + (e.className.baseVal ?? e.className)).slice(0, 5).join(" ")`

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
    if (["SCRIPT", "NOSCRIPT", "STYLE", "title"].includes(e.tagName) || !e.checkVisibility()) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e);
    const ink = light(numbers(e.namespaceURI.endsWith("svg") ? style.fill : style.color)), paper = light(ground(e));
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    seen++;
    const name = e.tagName + "." + (e.className.baseVal ?? e.className);
    if (contrast < 4.5) pale.add(name + " has a contrast of " + contrast.toFixed(2));
  }
  if (seen < 100) pale.add("only " + seen + " texts were measured");
  return [...pale];
})()`

func inScheme(scheme string) step {
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// numbers are the numbers of the rows that fit.
func numbers(samples []sample, fits func(sample) bool) []int {
	var out []int
	for i, s := range samples {
		if fits(s) {
			out = append(out, i+1)
		}
	}
	return out
}

// turned is the row numbers on all pages of the table, in order. It turns to the last page.
func turned(t *testing.T, b *tab) []int {
	t.Helper()
	return eval[[]int](t, b, `(() => {
		const all = [], next = document.getElementById("next");
		for (;;) {
			for (const tr of document.querySelectorAll("#rows tbody tr")) all.push(Number(tr.cells[0].textContent));
			if (!next.checkVisibility() || next.disabled) return all;
			next.click();
		}
	})()`)
}

// wantCount checks the number of rows that the page says it shows.
func wantCount(t *testing.T, b *tab, n, all int) {
	t.Helper()
	want := text.Grouped(n) + " of " + text.Plural(all, "row", "rows")
	if n == all {
		want = text.Plural(all, "row", "rows")
	}
	if got := eval[string](t, b, `document.getElementById("count").textContent`); got != want {
		t.Errorf("the count is %q, want %q", got, want)
	}
}
