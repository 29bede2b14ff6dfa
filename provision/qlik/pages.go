package qlik

import (
	"context"
	"encoding/json"
	"errors"
)

// Bounds on lists. A tenant has 516 roles at most, and 96 terms rarely find more users than fit on one page.
const (
	maxPages = 50
	maxBytes = 8 * maxList // of all pages of a list
	maxLists = 16          // that are read at once, however many requests are: each may take maxBytes
)

// pages reads a list, page by page, until there is no next one. It returns all items, and how many requests there were.
// Any error discards the pages before it.
func pages[T any](ctx context.Context, c *Client, r request) (all []T, requests int, err error) {
	select {
	case c.lists <- struct{}{}:
		defer func() { <-c.lists }()
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
	r.list = true
	for size := 0; requests < maxPages && size <= maxBytes; {
		requests++
		body, err := c.do(ctx, r)
		if err != nil {
			return nil, requests, err
		}
		size += len(body)
		page := struct {
			Data  []T             `json:"data"`
			Links json.RawMessage `json:"links"`
		}{Links: json.RawMessage("{}")}
		if err := c.decode(r, body, &page); err != nil {
			return nil, requests, err
		}
		if page.Data == nil { // not even an empty list
			return nil, requests, c.garbled(r, errors.New("there is no list in it"))
		}
		all = append(all, page.Data...)
		var links struct {
			Next struct {
				Href string `json:"href"`
			} `json:"next"`
		}
		if err := json.Unmarshal(page.Links, &links); err != nil { // a list without its end is no list
			return nil, requests, c.garbled(r, err)
		}
		if links.Next.Href == "" {
			return all, requests, nil
		}
		if r.path, err = c.tenant.resolve(r.path, links.Next.Href); err != nil {
			return nil, requests, c.garbled(r, err)
		}
	}
	return nil, requests, c.garbled(r, errors.New("its pages do not end"))
}
