package qlik

import (
	"context"
	"encoding/json"
	"errors"
)

// maxPages bounds how many pages are read: a tenant has 516 roles at most, and 96 terms rarely find more users than fit
// on one page.
const maxPages = 50

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
	r.list = true
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
