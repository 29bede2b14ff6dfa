package qlik

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Bounds on lists. A tenant has 516 roles at most, and 96 terms rarely find more users than fit on one page.
const (
	maxPages = 50
	maxBytes = 8 * maxList // of all pages of a list
	maxLists = 16          // that are read at once, however many requests are: each may take maxBytes
)

// pages reads a list, page by page, until there is no next one. It returns all items, the answer with the last page,
// and how many requests there were. Any error discards the pages before it.
func pages[T any](ctx context.Context, c *Client, r request) (all []T, last answer, requests int, err error) {
	type page struct {
		Data  []T `json:"data"`
		Links struct {
			Next struct {
				Href string `json:"href"`
			} `json:"next"`
		} `json:"links"`
	}
	select {
	case c.lists <- struct{}{}:
		defer func() { <-c.lists }()
	case <-ctx.Done():
		return nil, answer{}, 0, context.Cause(ctx)
	}
	r.want, r.list = http.StatusOK, true
	read := 0
	for requests = 1; requests <= maxPages; requests++ {
		p, got, err := fetch[page](ctx, c, r)
		if err != nil {
			return nil, got, requests, err
		}
		if p.Data == nil { // not even an empty list
			return nil, got, requests, c.garbled(got, errors.New("there is no list in it"))
		}
		all, last = append(all, p.Data...), got
		if p.Links.Next.Href == "" {
			return all, got, requests, nil
		}
		if read += len(got.body); read > maxBytes {
			return nil, got, requests, c.garbled(got, fmt.Errorf("its pages are larger than %d bytes", maxBytes))
		}
		if r.path, err = c.tenant.resolve(r.path, p.Links.Next.Href); err != nil {
			return nil, got, requests, c.garbled(got, err)
		}
	}
	return nil, last, requests, c.garbled(last, errors.New("its pages do not end"))
}

// tolerant decodes an object of the tenant's into v. A field of the wrong type stays empty and is no error: it must not
// hide the others.
func tolerant(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}
