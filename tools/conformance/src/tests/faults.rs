//! The faults that the API of these tests can have, each with the check that must find it.

macro_rules! faults {
    ($($fault:ident $check:literal;)+) => {
        /// One fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Fault { $($fault,)+ }

        impl Fault {
            pub(super) const ALL: &[(Self, &str)] = &[$((Self::$fault, $check),)+];
        }
    };
}

faults! {
    WrongStatus "problem-case";
    WrongMediaType "problem-media-type";
    DetailIsAnObject "problem-members";
    StatusOfAnother "problem-status";
    TypeWithSpaces "problem-type";
    NoTitle "problem-title";
    DashInExtension "problem-extensions";
    NoChallenge "problem-challenge";
    NoAllow "problem-allow";
    HeadWithBody "problem-head";

    NoTag "etag-present";
    TagWithoutQuotes "etag-syntax";
    HeadWithoutTag "etag-head";
    NeverNotModified "etag-not-modified";
    BodyOf304 "etag-304";
    StrongComparison "etag-list";
    OneTagForAll "etag-changes";
    OldTagMatches "etag-stale";
    WeakTagMatches "etag-weak";
    NoLists "etag-match";
    NoAsterisk "etag-any";
    LostUpdate "etag-race";

    OneTooMany "cursor-limit";
    NoEnd "cursor-end";
    PagesOverlap "cursor-duplicates";
    CursorCounts "cursor-gaps";
    GarbageIsTheBeginning "cursor-garbage";
    LimitCrashes "cursor-bounds";
    LinkToTheBeginning "cursor-link";
    CursorForOnce "cursor-repeat";

    MadeTwice "idempotency-first";
    AnotherAnswer "idempotency-replay";
    KeyForgotten "idempotency-once";
    NoMarker "idempotency-marker";
    BodyIgnored "idempotency-reuse";
    NoDocumentation "idempotency-problem";
    NoReservation "idempotency-concurrent";
    NoWait "idempotency-wait";
    KeysOfAll "idempotency-scope";
    RefusalKept "idempotency-corrected";
    QuotesIgnored "idempotency-quoted";
    BareIgnored "idempotency-bare";
    KeyOptional "idempotency-missing";
    KeyCrashes "idempotency-malformed";
    AnythingIsAKey "idempotency-malformed-refused";
    NoExpiry "idempotency-expiry";

    NotAnnounced "deprecation-announced";
    GoneAlready "deprecation-behaviour";
    NoGuide "deprecation-link";
    DeprecationTrue "deprecation-syntax";
    SunsetAsNumber "deprecation-sunset";
    SunsetBefore "deprecation-order";
    LinkWithoutBrackets "deprecation-links";

    NoFields "ratelimit-present";
    QuotaAsString "ratelimit-policy-syntax";
    FieldOfAnOldDraft "ratelimit-syntax";
    UnknownPolicy "ratelimit-policy-known";
    MoreThanAll "ratelimit-within-quota";
    WindowChanges "ratelimit-policy-stable";
    QuotaGrows "ratelimit-counts";
    OldFieldsDiffer "ratelimit-legacy";
    NoLimit "ratelimit-exhausted";
    WaitInWords "ratelimit-retry-after";
    ResetLater "ratelimit-retry-after-reset";
    SomethingLeft "ratelimit-remaining";
    NoWords "ratelimit-problem";
    OneQuotaForAll "ratelimit-others";
    WaitTooShort "ratelimit-retry";
}
