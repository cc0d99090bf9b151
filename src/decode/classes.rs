//! Which of a model's classes are which of ours.

use crate::model::{ClassSet, ObjectClass};

/// Why classes don't fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassMapError {
    /// A class has a number that the model doesn't.
    #[error("class `{class}` has number {number}, but the model has {count} class(es), numbered from 0")]
    OutOfRange {
        /// The class.
        class: ObjectClass,
        /// Its number.
        number: usize,
        /// How many classes the model has.
        count: usize,
    },
    /// No class of the model is one of ours.
    #[error("none of the model's classes is one that can be counted (person, bicycle, motorcycle, car, bus, truck)")]
    Nothing,
}

/// The model's class numbers of those classes that can be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMap {
    count: usize,
    columns: Vec<(ObjectClass, usize)>,
}

impl ClassMap {
    /// A model with `count` classes, of which `columns` are known to us. One class of ours may be several of the
    /// model's.
    ///
    /// # Errors
    /// [`ClassMapError`] where a number is out of range or nothing is left to count.
    pub fn new(count: usize, columns: impl IntoIterator<Item = (ObjectClass, usize)>) -> Result<Self, ClassMapError> {
        let mut columns: Vec<_> = columns.into_iter().collect();
        columns.sort_unstable();
        columns.dedup();
        if let Some(&(class, number)) = columns.iter().find(|&&(_, number)| number >= count) {
            return Err(ClassMapError::OutOfRange { class, number, count });
        }
        if columns.is_empty() {
            return Err(ClassMapError::Nothing);
        }
        Ok(Self { count, columns })
    }

    /// How many classes the model has, those that don't concern us included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The classes of ours that the model knows.
    #[must_use]
    pub fn known(&self) -> ClassSet {
        self.columns.iter().map(|&(class, _)| class).collect()
    }

    /// Class and number of each class that is wanted and known.
    pub fn columns(&self, wanted: ClassSet) -> impl Iterator<Item = (ObjectClass, usize)> + '_ {
        self.columns.iter().copied().filter(move |&(class, _)| wanted.contains(class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_and_empty_maps_are_errors() {
        let error = ClassMap::new(80, [(ObjectClass::Truck, 80)]).unwrap_err();
        insta::assert_snapshot!(error, @"class `truck` has number 80, but the model has 80 class(es), numbered from 0");
        assert_eq!(ClassMap::new(80, []), Err(ClassMapError::Nothing));
    }

    #[test]
    fn only_wanted_classes_have_columns() {
        let map = ClassMap::new(80, [(ObjectClass::Car, 2), (ObjectClass::Person, 0)]).unwrap();
        assert_eq!(map.columns(ClassSet::PERSON).collect::<Vec<_>>(), [(ObjectClass::Person, 0)]);
        let wanted = ClassSet::PERSON.with(ObjectClass::Bus);
        assert_eq!(map.columns(wanted).collect::<Vec<_>>(), [(ObjectClass::Person, 0)]);
        assert_eq!(map.known(), ClassSet::PERSON.with(ObjectClass::Car));
    }
}
