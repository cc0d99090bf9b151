//! Measures by number: a store keeps the numbers it gave, whatever order the program lists its measures in.

use super::sql::{Database, unreadable, values};
use super::{StoreError, encoding};
use crate::model::{Measure, Readings};

/// The numbers of all measures that this program knows.
#[derive(Debug)]
pub(super) struct Measures {
    number: [u32; Measure::ALL.len()],
    /// In the order of their numbers.
    by_number: Vec<(u32, Measure)>,
}

impl Measures {
    /// Reads the numbers; where `number` says so, gives numbers to measures that have none.
    pub(super) async fn open(database: &Database, number: bool) -> Result<Self, StoreError> {
        let list = "SELECT id, name FROM measure ORDER BY id";
        let of = |row: &super::sql::Row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?));
        let mut known = database.read(list, &[], of).await?;
        let is_known =
            |known: &[(i64, String)], measure: Measure| known.iter().any(|(_, name)| name == measure.as_str());
        if number && Measure::ALL.into_iter().any(|measure| !is_known(&known, measure)) {
            let mut writing = database.write().await?;
            for measure in Measure::ALL {
                let sql = "INSERT INTO measure (id, name) SELECT COALESCE(MAX(id), 0) + 1, $1 FROM measure \
                           HAVING NOT EXISTS (SELECT 1 FROM measure WHERE name = $1)";
                writing.execute(sql, values![measure.as_str()]).await?;
            }
            known = writing.read(list, &[], of).await?;
            writing.commit().await?;
        }
        let mut measures = Self { number: [0; Measure::ALL.len()], by_number: Vec::new() };
        for (number, name) in known {
            let measure = Measure::ALL.into_iter().find(|measure| measure.as_str() == name);
            // One of an older program, or of a newer one, is of no use here.
            if let (Some(measure), Ok(number)) = (measure, u32::try_from(number)) {
                measures.number[measure as usize] = number;
                measures.by_number.push((number, measure));
            }
        }
        Ok(measures)
    }

    /// The number of a measure; 0, which none has, where the store knows none.
    pub(super) fn number(&self, measure: Measure) -> u32 {
        self.number[measure as usize]
    }

    pub(super) fn encode(&self, readings: &Readings) -> Vec<u8> {
        let all = self.by_number.iter();
        encoding::moment(all.filter_map(|&(number, measure)| Some((number, readings.get(measure)?))))
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Readings, sqlx::Error> {
        let mut readings = Readings::NONE;
        encoding::read_moment(bytes, |number, reading| {
            if let Ok(at) = self.by_number.binary_search_by_key(&number, |&(number, _)| number) {
                readings.set(self.by_number[at].1, reading);
            }
        })
        .ok_or_else(|| unreadable("the readings of a sample are none".to_owned()))?;
        Ok(readings)
    }
}
