// SPDX-License-Identifier: MIT
//
// A heap whose elements know their place in it, so that one that has changed,
// or goes, is found at once: the least of ten thousand in a step, any change in
// fourteen.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Pointers to elements, the least first by `Less`. `Place` is the member in which an element
/// keeps its place; it belongs to the heap as long as the element is in it.
/// Threads: distinct objects: safe; shared: unsafe.
template <class Element, std::size_t Element::*Place, class Less>
class IndexedHeap {
 public:
  bool empty() const { return elements_.empty(); }

  std::size_t size() const { return elements_.size(); }

  /// The least element. The heap must not be empty.
  Element* front() const { return elements_.front(); }

  void push(Element* element) {
    elements_.push_back(element);
    element->*Place = elements_.size() - 1;
    rise(element->*Place);
  }

  void remove(Element* element) {
    const std::size_t place = element->*Place;
    Element* last = elements_.back();
    elements_.pop_back();
    if (last != element) {
      put(place, last);
      rise(place);
      sink(last->*Place);
    }
  }

 private:
  void put(std::size_t place, Element* element) {
    elements_[place] = element;
    element->*Place = place;
  }

  void rise(std::size_t place) {
    Element* element = elements_[place];
    while (place != 0 && Less()(*element, *elements_[(place - 1) / 2])) {
      put(place, elements_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, element);
  }

  void sink(std::size_t place) {
    Element* element = elements_[place];
    for (;;) {
      std::size_t child = 2 * place + 1;
      if (child >= elements_.size()) {
        break;
      }
      if (child + 1 < elements_.size() && Less()(*elements_[child + 1], *elements_[child])) {
        ++child;
      }
      if (!Less()(*elements_[child], *element)) {
        break;
      }
      put(place, elements_[child]);
      place = child;
    }
    put(place, element);
  }

  std::vector<Element*> elements_;
};

}  // namespace hydrant::detail
