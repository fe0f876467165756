//! Dates and times. PostgreSQL counts from the first day of 2000, in UTC.

use ::time::{Date, Month};

/// 2000-01-01 as a Julian day.
const FIRST_DAY: i32 = 2_451_545;
/// 2000-01-01 in Unix seconds.
const FIRST_SECOND: i64 = 946_684_800;
const DAY: i64 = 86_400_000_000;

type Day = (i32, u8, u8);
type Time = (u8, u8, u8, u32);
type DateTime = (i32, u8, u8, u8, u8, u8, u32);

/// The date so many days after 2000-01-01.
pub(super) fn date(days: i32) -> Result<Day, &'static str> {
    // `infinity` ends here too, because it is the largest number.
    let date = days.checked_add(FIRST_DAY).and_then(|day| Date::from_julian_day(day).ok());
    let date = date.ok_or("a date that has no year of four digits")?;
    Ok((date.year(), u8::from(date.month()), date.day()))
}

/// The days from 2000-01-01 to a date.
pub(super) fn days((year, month, day): Day) -> Result<i32, String> {
    let date = Month::try_from(month).and_then(|m| Date::from_calendar_date(year, m, day));
    let date = date.map_err(|_| format!("{year}-{month}-{day} is not a date"))?;
    Ok(date.to_julian_day() - FIRST_DAY)
}

/// The time so many microseconds after midnight. `24:00` is a valid time.
pub(super) fn time_of_day(micros: i64) -> Result<Time, std::num::TryFromIntError> {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let nanos = micros % 1_000_000 * 1000;
    Ok((hour.try_into()?, minute.try_into()?, second.try_into()?, nanos.try_into()?))
}

/// The microseconds from midnight to a time.
pub(super) fn micros_of_day((hour, minute, second, nanos): Time) -> Result<i64, String> {
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    let micros = seconds * 1_000_000 + i64::from(nanos) / 1000;
    if minute > 59 || second > 59 || nanos > 999_999_999 || micros > DAY {
        return Err(format!("{hour}:{minute}:{second} and {nanos} ns is not a time"));
    }
    Ok(micros)
}

/// The date and time so many microseconds after the start of 2000-01-01.
pub(super) fn datetime(micros: i64) -> Result<DateTime, &'static str> {
    const UNFIT: &str = "a time that has no year of four digits";
    let days = i32::try_from(micros.div_euclid(DAY)).map_err(|_| UNFIT)?;
    let (year, month, day) = date(days)?;
    let (hour, minute, second, nanos) = time_of_day(micros.rem_euclid(DAY)).map_err(|_| UNFIT)?;
    Ok((year, month, day, hour, minute, second, nanos))
}

/// The microseconds from the start of 2000-01-01 to a date and time.
pub(super) fn micros(
    (year, month, day, hour, minute, second, nanos): DateTime,
) -> Result<i64, String> {
    let days = i64::from(days((year, month, day))?);
    Ok(days * DAY + micros_of_day((hour, minute, second, nanos))?)
}

/// The microseconds from the start of 2000-01-01 to a Unix time in seconds.
pub(super) fn micros_of_unix(seconds: i64) -> Result<i64, String> {
    let micros = seconds.checked_sub(FIRST_SECOND).and_then(|after| after.checked_mul(1_000_000));
    micros.ok_or_else(|| format!("{seconds} is not a time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (at, value) in [
            ((2000, 1, 1, 0, 0, 0, 0), 0),
            ((1999, 12, 31, 23, 59, 59, 999_999_000), -1),
            ((1970, 1, 1, 0, 0, 0, 0), -FIRST_SECOND * 1_000_000),
            ((2024, 2, 29, 12, 30, 15, 1000), 762_525_015_000_001),
        ] {
            assert_eq!(micros(at), Ok(value));
            assert_eq!(datetime(value), Ok(at));
        }
        assert_eq!(micros_of_unix(0), Ok(-FIRST_SECOND * 1_000_000));
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        assert!(days((2023, 2, 29)).is_err());
        assert!(days((2023, 13, 1)).is_err());
        assert!(days((i32::MAX, 1, 1)).is_err());
        assert!(micros_of_day((24, 0, 1, 0)).is_err());
        assert!(micros_of_day((0, 60, 0, 0)).is_err());
        assert!(micros_of_unix(i64::MAX).is_err());
        assert!(datetime(i64::MAX).is_err() && datetime(i64::MIN).is_err());
        assert!(date(i32::MAX).is_err() && date(i32::MIN).is_err());
    }
}
