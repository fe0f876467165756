//! Walks through a list by cursor, while other requests add objects to it and delete some.

use std::collections::BTreeSet;

use crate::catalogue::{LINK, PAGES as CONVENTION, must, should};
use crate::check::{Check, Stop, Verdict, demand, failed, skipped};
use crate::client::Identity;
use crate::fields::{link, problem::is_uri_reference};
use crate::raw::path_and_query;
use crate::report::Recorder;
use crate::target::{Collection, unique};
use crate::world::{PAGES, Page, World, escape, read_page};

pub(crate) const CHECKS: [Check; 8] = [
    must(
        "cursor-limit",
        "a page has at most as many items as were asked for",
        CONVENTION.says("page_size", "The page size is the most that may be returned; fewer are allowed."),
    ),
    must(
        "cursor-end",
        "the walk ends, and the last page has no cursor",
        CONVENTION.says("next_page_token", "At the end of the collection the next token must be empty, and only there."),
    ),
    must(
        "cursor-duplicates",
        "no object is seen twice",
        CONVENTION.says("page_token", "A token leads to the next page of the collection, so to no object of the pages before."),
    ),
    must(
        "cursor-gaps",
        "every object that was there before the walk and was not deleted is seen",
        CONVENTION.says("page_token", "Following the tokens gives the whole collection, whatever is added or deleted meanwhile."),
    ),
    must(
        "cursor-garbage",
        "a cursor that no server made is a client error",
        CONVENTION.says("opacity", "Tokens are opaque; for an invalid one the service answers INVALID_ARGUMENT, over HTTP a 4xx."),
    ),
    must(
        "cursor-bounds",
        "a page size out of bounds is refused or cut, and is no server error",
        CONVENTION.says("page_size", "A size above the maximum is coerced down to it, a negative one is an INVALID_ARGUMENT."),
    ),
    must(
        "cursor-link",
        "`Link` with rel=next leads to the same page as the cursor",
        LINK.says("3", "A Link field with relation type `next` is a typed link to the next page."),
    ),
    should(
        "cursor-repeat",
        "a cursor is good for more than one request",
        CONVENTION.says("page_token", "Reading is safe to retry: after a lost answer the same token gives the page again."),
    ),
];

/// The number of objects before the walk, so that there are several pages.
const BEFORE: usize = 7;
const LIMIT: usize = 3;

pub(crate) async fn run(world: &World, out: &mut Recorder<'_>) -> Result<(), Stop> {
    let Some(list) = world.target.collection.as_ref().filter(|list| list.cursor.is_some()) else {
        out.skip_rest("", "the target has no [collection] with a cursor");
        return Ok(());
    };
    let by = world.second().await?.unwrap_or(world.first().await?);
    out.note("cursor-garbage", garbage(world, list, by).await?);
    out.note("cursor-bounds", bounds(world, list, by).await?);

    let mut before = Vec::new();
    for _ in 0..BEFORE {
        before.push(world.create(list, by, &unique()).await?);
    }
    let mut pages: Vec<Page> = Vec::new();
    let mut deleted = Vec::new();
    let mut query = format!("{}={LIMIT}", list.limit_parameter);
    let mut ended = false;
    while pages.len() < PAGES {
        let page = world.page(list, by, &query).await?;
        let next = page.next.clone();
        pages.push(page);
        let Some(next) = next else {
            ended = true;
            break;
        };
        // Otherwise a cursor that stands still would be requested a thousand times.
        if pages.len() > 1 && pages[pages.len() - 2].next.as_ref() == Some(&next) {
            break;
        }
        query =
            format!("{}={LIMIT}&{}={}", list.limit_parameter, list.cursor_parameter, escape(&next));
        if pages.len() <= 2 {
            deleted.extend(disturb(world, list, by, &pages, &before).await?);
        }
    }
    judge(out, &pages, &before, &deleted, ended);
    out.note("cursor-link", linked(world, list, by, &pages).await?);
    out.note("cursor-repeat", repeated(world, list, by, &pages).await?);
    Ok(())
}

/// Adds an object, and deletes one that the walk has seen and one that it has not. A cursor that
/// counts objects would then skip one, or show one again.
async fn disturb(
    world: &World,
    list: &Collection,
    by: &Identity,
    pages: &[Page],
    before: &[String],
) -> anyhow::Result<Vec<String>> {
    world.create(list, by, &unique()).await?;
    if !list.delete || pages.len() > 1 {
        return Ok(Vec::new());
    }
    let seen = |id: &&String| pages.iter().any(|page| page.ids.contains(id));
    let (seen, unseen): (Vec<_>, Vec<_>) = before.iter().partition(seen);
    let mut deleted = Vec::new();
    for id in seen.first().into_iter().chain(unseen.last()) {
        let path = format!("{}/{}", list.path, escape(id));
        world.ask(http::Method::DELETE, &path).by(by).send().await?.succeeded()?;
        deleted.push((*id).clone());
    }
    Ok(deleted)
}

fn judge(
    out: &mut Recorder<'_>,
    pages: &[Page],
    before: &[String],
    deleted: &[String],
    ended: bool,
) {
    let largest = pages.iter().map(|page| page.ids.len()).max().unwrap_or_default();
    out.note(
        "cursor-limit",
        match largest <= LIMIT {
            true => Ok(()),
            false => failed(format!("a page of at most {LIMIT} has {largest} items")),
        },
    );
    out.note(
        "cursor-end",
        match ended {
            true => Ok(()),
            false => failed(format!("no end after {} pages", pages.len())),
        },
    );
    let mut seen = BTreeSet::new();
    let twice = pages.iter().flat_map(|page| &page.ids).find(|id| !seen.insert(id.as_str()));
    out.note(
        "cursor-duplicates",
        match twice {
            None => Ok(()),
            Some(id) => failed(format!("{id} stands on two pages")),
        },
    );
    let missing: Vec<_> =
        before.iter().filter(|id| !seen.contains(id.as_str()) && !deleted.contains(id)).collect();
    out.note(
        "cursor-gaps",
        match missing.is_empty() {
            true => Ok(()),
            false => failed(format!("{} of {BEFORE} were not seen: {missing:?}", missing.len())),
        },
    );
}

async fn garbage(world: &World, list: &Collection, by: &Identity) -> anyhow::Result<Verdict> {
    for cursor in ["garbage", "%00", "eyJpZCI6MX0=", "' OR 1=1 --", "-1"] {
        let cursor = if cursor == "%00" { cursor.to_owned() } else { escape(cursor) };
        let path = format!("{}?{}={cursor}", list.path, list.cursor_parameter);
        let answer = world.get(&path).by(by).send().await?;
        if !(400..500).contains(&answer.status) {
            return Ok(failed(format!("{}, expected 4xx", answer.seen())));
        }
    }
    Ok(Ok(()))
}

async fn bounds(world: &World, list: &Collection, by: &Identity) -> anyhow::Result<Verdict> {
    for limit in ["0", "-1", "1.5", "many", "1000000000", "99999999999999999999999"] {
        let path = format!("{}?{}={limit}", list.path, list.limit_parameter);
        let answer = world.get(&path).by(by).send().await?;
        if answer.status >= 500 {
            return Ok(failed(answer.seen()));
        }
        let seen = answer.seen();
        if let (true, Some(most)) = (answer.success(), list.limit_max) {
            let items = read_page(list, answer)?.ids.len() as u64;
            if items > most {
                return Ok(failed(format!("{seen}: {items} items, at most {most} are allowed")));
            }
        }
    }
    Ok(Ok(()))
}

async fn linked(
    world: &World,
    list: &Collection,
    by: &Identity,
    pages: &[Page],
) -> anyhow::Result<Verdict> {
    if !list.link {
        return Ok(skipped("the target does not say that its pages have `Link`"));
    }
    for (number, page) in pages.iter().enumerate() {
        let number = number + 1;
        let links = match link::parse(&page.answer.joined("link").unwrap_or_default()) {
            Ok(links) => links,
            Err(wrong) => return Ok(failed(format!("page {number}: {wrong}"))),
        };
        let next = link::target(&links, "next");
        if next.is_some() != page.next.is_some() {
            let cursor = page.next.as_deref().unwrap_or("none");
            return Ok(failed(format!("page {number}: rel=next {next:?} beside cursor {cursor}")));
        }
        let Some(next) = next else { continue };
        if !is_uri_reference(next) {
            return Ok(failed(format!("page {number}: `{next}` is no URI reference")));
        }
        if number > 1 {
            continue;
        }
        // The server may think that it has another origin, so only path and query count.
        let url = reqwest::Url::parse(&page_url(world, list))?.join(next)?;
        let path = path_and_query(&url);
        let prefix =
            reqwest::Url::parse(&world.server.base)?.path().trim_end_matches('/').to_owned();
        let path = path.strip_prefix(&prefix).unwrap_or(&path);
        let answer = world.get(path).by(by).send().await?;
        if !answer.success() {
            return Ok(failed(format!("rel=next: {}", answer.seen())));
        }
        let (by_link, by_cursor) =
            (read_page(list, answer)?.ids, again(world, list, by, page).await?);
        if by_link != by_cursor {
            return Ok(failed(format!("rel=next gives {by_link:?}, the cursor {by_cursor:?}")));
        }
    }
    Ok(Ok(()))
}

fn page_url(world: &World, list: &Collection) -> String {
    format!("{}{}", world.server.base, list.path)
}

/// The ids of the page after this one.
async fn again(
    world: &World,
    list: &Collection,
    by: &Identity,
    page: &Page,
) -> anyhow::Result<Vec<String>> {
    let next = escape(page.next.as_deref().unwrap_or_default());
    let query = format!("{}={LIMIT}&{}={next}", list.limit_parameter, list.cursor_parameter);
    Ok(world.page(list, by, &query).await?.ids)
}

async fn repeated(
    world: &World,
    list: &Collection,
    by: &Identity,
    pages: &[Page],
) -> anyhow::Result<Verdict> {
    if pages.len() < 2 {
        return Ok(skipped("there is one page only"));
    }
    // If the page was the last one, it may have grown at its end meanwhile.
    let (first, second) = (&pages[1].ids, again(world, list, by, &pages[0]).await?);
    Ok(same(first, &second))
}

fn same(first: &[String], second: &[String]) -> Verdict {
    demand!(second.starts_with(first), "one cursor gave {first:?} and then {second:?}");
    Ok(())
}
